"""Runs notebooks without a browser, begun in the order of their names.

    .venv/bin/python scripts/run_notebooks.py --check             # all of them
    .venv/bin/python scripts/run_notebooks.py --in-place PATH...  # these
    .venv/bin/python scripts/run_notebooks.py --jobs 2            # two at a time

--check (the default) runs copies and leaves the checkout as it is; --in-place
writes the outputs back, byte for byte the same when a notebook prints and draws
the same. Cells see FIRSTTOKEN_HEADLESS=1 in their environment: a cell that waits
for a widget must go on without one then. The exit status is 1 if any notebook
failed; its outputs up to there are kept in .tools/log/failed/.

Two at a time take less time than one after the other, because building a cell
and starting a model keep one core busy. A notebook 06b waits for 06, whose
measurements it goes on from; else none reads what another writes.

A notebook fails when a cell raises an error or exceeds its time limit, when the
kernel dies, and in two cases that the Go kernel does not count as errors: a
failed shell command (`!cmd`, `%%bash`), and an unknown `%command`.
"""

import argparse
import asyncio
import atexit
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
FAILED = ROOT / ".tools" / "log" / "failed"

KERNELSPEC = {"display_name": "Go (gonb)", "language": "go", "name": "gonb"}

# What the kernel writes to stderr after a shell command that failed, and for a
# command it does not know.
SHELL_FAILED = re.compile(r"^(exit status \d+|signal: .+)$", re.MULTILINE)
COMMAND_UNKNOWN = re.compile(r'^"%.*" unknown or not implemented yet\.', re.MULTILINE)
SHELL_CELL = re.compile(r"^\s*(//gonb:)?(!|%%(bash|sh|script)\b)", re.MULTILINE)
COMMAND_CELL = re.compile(r"^\s*(//gonb:)?%", re.MULTILINE)

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class NotebookError(Exception):
    """A notebook did not run to its end as it should."""


class Interrupted(Exception):
    """The person at the keyboard, or the machine, asked to stop."""


def silent_failure(cell) -> str:
    """What failed in an executed cell although the kernel reported success, or ""."""
    stderr = "".join(o.text for o in cell.get("outputs", []) if o.output_type == "stream" and o.name == "stderr")
    if SHELL_CELL.search(cell.source) and (found := SHELL_FAILED.search(stderr)):
        return f"a shell command failed: {stderr[: found.end()].strip()[-2000:]}"
    if COMMAND_CELL.search(cell.source) and (found := COMMAND_UNKNOWN.search(stderr)):
        return found.group()
    return ""


def error_text(cell) -> str:
    """What an executed cell said of its error: the end of stderr, and the error output."""
    text = ""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            text += output.text[-3000:]
        elif output.output_type == "error":
            text += "".join(f"\n{part}" for part in (output.evalue, *output.traceback) if part.strip() not in text)
    return ANSI.sub("", text).strip()


def check_source(nb, in_place: bool) -> None:
    """Refuses a notebook that would fetch modules while it runs, or open without its kernel."""
    first = next((c for c in nb.cells if c.cell_type == "code"), None)
    if first is None:
        raise NotebookError("there is no code cell")
    if "%noautoget" not in first.source.split():
        raise NotebookError("the first code cell lacks %noautoget, without which imports may not be those of go.mod")
    if not in_place and nb.metadata.get("kernelspec") != KERNELSPEC:
        raise NotebookError("its metadata does not name the kernel gonb, so JupyterLab would ask for one: run it with --in-place")


def normalise(nb) -> None:
    """Drops what differs between machines and runs although the results do not."""
    nb.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": dict(nb.metadata.get("language_info", {}))})
    nb.metadata.language_info.pop("version", None)
    nb.nbformat, nb.nbformat_minor = 4, 5
    for number, cell in enumerate(nb.cells, 1):
        cell.metadata.pop("execution", None)
        if not cell.get("id"):
            cell["id"] = f"cell-{number:02d}"


class Progress:
    """Prints one line a cell, while it runs and when it is done; with a label only then."""

    def __init__(self, nb, label: str = ""):
        self.code = [i for i, c in enumerate(nb.cells) if c.cell_type == "code" and c.source.strip()]
        self.label = label
        self.current = None
        self.started = 0.0

    def begin(self, cell, cell_index):
        self.current, self.started = cell_index, time.monotonic()
        if not self.label:
            print(f"  {self.name()} ", end="", flush=True)

    def end(self, cell, cell_index, execute_reply):
        taken = f"{time.monotonic() - self.started:8.1f} s"
        print(f"  {self.label}: {self.name()} {taken}" if self.label else taken, flush=True)

    def name(self) -> str:
        return f"cell {self.number():3d}/{len(self.code)}"

    def number(self) -> int:
        return self.code.index(self.current) + 1

    def where(self, nb) -> str:
        """Names the cell that was running, with its first lines."""
        if self.current is None:
            return "before the first cell"
        lines = nb.cells[self.current].source.strip().splitlines()
        shown = "\n".join(f"    | {line}" for line in lines[:5] + (["…"] if len(lines) > 5 else []))
        return f"cell {self.number()}/{len(self.code)}:\n{shown}"


async def run(nb, source: Path, folder: Path, cell_timeout: int, label: str, signals) -> None:
    """Executes nb, read from source, with folder as the kernel's working directory.

    Fills in the outputs; raises NotebookError.
    """
    progress = Progress(nb, label)
    client = NotebookClient(
        nb,
        kernel_name="gonb",
        timeout=cell_timeout,
        startup_timeout=120,
        iopub_timeout=30,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        on_notebook_start=signals.take,
        on_cell_execute=progress.begin,
        on_cell_executed=progress.end,
    )
    problem = ""
    try:
        await client.async_execute()
    except CellTimeoutError:
        problem = f"no end after {cell_timeout} s (--cell-timeout)"
    except CellExecutionError:
        problem = error_text(nb.cells[progress.current])
    except DeadKernelError:
        problem = f"the kernel died; its log is {ROOT / '.tools/log/kernel.log'}"
    except RuntimeError as error:
        problem = f"the kernel did not start: {error}; its log is {ROOT / '.tools/log/kernel.log'}"
    finally:
        # nbclient leaves this behind for a kernel that never started, where it fails.
        atexit.unregister(client._cleanup_kernel)
    normalise(nb)
    if problem:
        keep_failed(nb, source)
        raise NotebookError(f"{progress.where(nb)}\n{problem}")
    for index in progress.code:
        if quiet := silent_failure(nb.cells[index]):
            keep_failed(nb, source)
            progress.current = index
            raise NotebookError(f"{progress.where(nb)}\n{quiet}")


def keep_failed(nb, source: Path) -> None:
    FAILED.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, FAILED / source.name)


def write(nb, path: Path) -> None:
    """Replaces the notebook at path, all or nothing."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        nbformat.write(nb, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def working_folder(path: Path, copies: Path) -> Path:
    """The folder a checked notebook runs in: a copy of its own, or an empty one."""
    copy = copies / "notebooks"
    if path.parent != NOTEBOOKS:
        return copies
    if not copy.exists():
        shutil.copytree(NOTEBOOKS, copy, ignore=shutil.ignore_patterns(".*"))
        os.environ["FIRSTTOKEN_CLAIMS"] = str(Path(copy) / "results" / "claims")
    return copy


class Signals:
    """SIGINT and SIGTERM stop all that runs, with the kernels."""

    def __init__(self):
        self.task, self.asked = None, False

    def take(self, **_) -> None:  # nbclient sets handlers of its own before each notebook
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)

    def stop(self) -> None:
        self.asked = True
        self.task.cancel()


async def run_one(path: Path, in_place: bool, cell_timeout: int, copies: Path, label: str, signals) -> str:
    """Runs one notebook. Returns what went wrong, or ""."""
    started = time.monotonic()
    before = f"{label}: " if label else ""
    try:
        folder = path.parent if in_place else working_folder(path, copies)
        nb = nbformat.read(path, as_version=4)
        check_source(nb, in_place)
        await run(nb, path, folder, cell_timeout, label, signals)
        if in_place:
            write(nb, path)
        print(f"  {before}passed in {time.monotonic() - started:.1f} s", flush=True)
        return ""
    except (NotebookError, OSError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        print(f"\n  {before}FAILED: {error}", flush=True)
        return str(error)


def number(path: Path) -> str:
    """06 of 06-perturbation and of 06b-smoother-maps; another name stands for itself."""
    found = re.match(r"\d+(?=[a-z]?-)", path.stem)
    return found.group() if found else path.stem


async def run_each(paths: list[Path], in_place: bool, cell_timeout: int, jobs: int, signals: Signals) -> dict[Path, str]:
    results, turn = {}, asyncio.Semaphore(jobs)
    signals.task = asyncio.current_task()
    ended = {path: asyncio.Event() for path in paths}
    first = {number(path): path for path in reversed(paths)}

    async def one(path: Path, copies: Path) -> None:
        if jobs > 1 and (before := first[number(path)]) != path:
            await ended[before].wait()
        async with turn:
            print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path, flush=True)
            results[path] = await run_one(path, in_place, cell_timeout, copies, path.stem if jobs > 1 else "", signals)
        ended[path].set()

    with tempfile.TemporaryDirectory(prefix="firsttoken-check-") as copies:
        await asyncio.gather(*(one(path, Path(copies)) for path in paths))
    return results


def run_all(paths: list[Path], in_place: bool, cell_timeout: int, jobs: int = 1) -> dict[Path, str]:
    """Runs the notebooks, jobs at a time. Returns what went wrong with each, "" for nothing."""
    os.environ["FIRSTTOKEN_HEADLESS"] = "1"
    os.environ["FIRSTTOKEN_HOME"] = str(ROOT)
    os.environ["JUPYTER_PATH"] = str(ROOT / "jupyter")
    signals = Signals()
    try:
        return asyncio.run(run_each(paths, in_place, cell_timeout, jobs, signals))
    except BaseException as error:
        if signals.asked:
            raise Interrupted from error
        raise


def find(paths: list[str]) -> list[Path]:
    """The notebooks to run: those given, or all of notebooks/ sorted by name."""
    found = [Path(p).resolve() for p in paths] or sorted(NOTEBOOKS.glob("*.ipynb"))
    if missing := [str(p) for p in found if not p.is_file()]:
        sys.exit(f"no such notebook: {', '.join(missing)}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs notebooks without a browser.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="run copies, change nothing (the default)")
    mode.add_argument("--in-place", action="store_true", help="write the outputs back")
    parser.add_argument("--cell-timeout", type=int, default=1800, metavar="S", help="seconds that one cell may take (1800)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="notebooks at a time (1); each takes 2 to 4 GiB")
    parser.add_argument("paths", nargs="*", help="notebooks; without any, all of notebooks/")
    options = parser.parse_args()
    paths = find(options.paths)
    if not paths:
        print("there are no notebooks in notebooks/ yet")
        return 0
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: at least one notebook runs at a time")
    try:
        results = run_all(paths, options.in_place, options.cell_timeout, options.jobs)
    except (Interrupted, KeyboardInterrupt):
        print("\ninterrupted")
        return 130
    failed = [path.name for path, problem in results.items() if problem]
    print(f"notebooks: {len(results) - len(failed)} passed, {len(failed)} failed" + "".join(f"\n  {name}" for name in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
