"""Runs notebooks without a browser, in the order of their names.

    .venv/bin/python scripts/run_notebooks.py --check             # all of them
    .venv/bin/python scripts/run_notebooks.py --in-place PATH...  # these

--check (the default) runs copies and leaves the checkout as it is; --in-place
writes the outputs back, byte for byte the same when a notebook prints and draws
the same. Cells see FIRSTTOKEN_HEADLESS=1 in their environment: a cell that waits
for a widget must go on without one then. The exit status is 1 if any notebook
failed; its outputs up to there are kept in .tools/log/failed/.

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
    """Prints one line a cell, while it runs and when it is done."""

    def __init__(self, nb):
        self.code = [i for i, c in enumerate(nb.cells) if c.cell_type == "code" and c.source.strip()]
        self.current = None
        self.started = 0.0

    def begin(self, cell, cell_index):
        self.current, self.started = cell_index, time.monotonic()
        print(f"  cell {self.number():3d}/{len(self.code)} ", end="", flush=True)

    def end(self, cell, cell_index, execute_reply):
        print(f"{time.monotonic() - self.started:8.1f} s", flush=True)

    def number(self) -> int:
        return self.code.index(self.current) + 1

    def where(self, nb) -> str:
        """Names the cell that was running, with its first lines."""
        if self.current is None:
            return "before the first cell"
        lines = nb.cells[self.current].source.strip().splitlines()
        shown = "\n".join(f"    | {line}" for line in lines[:5] + (["…"] if len(lines) > 5 else []))
        return f"cell {self.number()}/{len(self.code)}:\n{shown}"


async def execute(client: NotebookClient) -> None:
    """Runs the client's notebook; SIGINT and SIGTERM stop it with its kernel."""
    loop, task, stopped = asyncio.get_running_loop(), asyncio.current_task(), False

    def stop():
        nonlocal stopped
        stopped = True
        task.cancel()

    def take_signals(**_):  # after nbclient has set handlers of its own
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)

    client.on_notebook_start = take_signals
    try:
        await client.async_execute()
    except BaseException as error:
        if stopped:
            raise Interrupted from error
        raise


def run(nb, source: Path, folder: Path, cell_timeout: int) -> None:
    """Executes nb, read from source, with folder as the kernel's working directory.

    Fills in the outputs; raises NotebookError.
    """
    progress = Progress(nb)
    client = NotebookClient(
        nb,
        kernel_name="gonb",
        timeout=cell_timeout,
        startup_timeout=120,
        iopub_timeout=30,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=progress.begin,
        on_cell_executed=progress.end,
    )
    problem = ""
    try:
        asyncio.run(execute(client))
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


def run_all(paths: list[Path], in_place: bool, cell_timeout: int) -> dict[Path, str]:
    """Runs the notebooks in order. Returns what went wrong with each, "" for nothing."""
    os.environ["FIRSTTOKEN_HEADLESS"] = "1"
    os.environ["FIRSTTOKEN_HOME"] = str(ROOT)
    os.environ["JUPYTER_PATH"] = str(ROOT / "jupyter")
    results = {}
    with tempfile.TemporaryDirectory(prefix="firsttoken-check-") as copies:
        for path in paths:
            shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            print(shown, flush=True)
            started = time.monotonic()
            try:
                folder = path.parent if in_place else working_folder(path, Path(copies))
                nb = nbformat.read(path, as_version=4)
                check_source(nb, in_place)
                run(nb, path, folder, cell_timeout)
                if in_place:
                    write(nb, path)
                results[path] = ""
                print(f"  passed in {time.monotonic() - started:.1f} s", flush=True)
            except (NotebookError, OSError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
                results[path] = str(error)
                print(f"\n  FAILED: {error}", flush=True)
    return results


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
    parser.add_argument("paths", nargs="*", help="notebooks; without any, all of notebooks/")
    options = parser.parse_args()
    paths = find(options.paths)
    if not paths:
        print("there are no notebooks in notebooks/ yet")
        return 0
    try:
        results = run_all(paths, options.in_place, options.cell_timeout)
    except (Interrupted, KeyboardInterrupt):
        print("\ninterrupted")
        return 130
    failed = [path.name for path, problem in results.items() if problem]
    print(f"notebooks: {len(results) - len(failed)} passed, {len(failed)} failed" + "".join(f"\n  {name}" for name in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
