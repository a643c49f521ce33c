"""Runs every check and test of this checkout, whatever fails, and counts.

What `make test` calls once set-up is done. Environment: GOTESTFLAGS, further
flags of `go test` (-count=1, -race); CELL_TIMEOUT, seconds that one notebook cell
may take; CI, if set, makes every notebook run, else those that passed here and of
which nothing has changed since are skipped (notebook_stamps.py). With --short, what
`make check` calls, Go tests are the short ones, which XLA compiles for with few
optimisations, and of the notebooks only the first two run.
The last line is "N passed, M failed": checks (gofmt, vet, staticcheck, races),
Go tests with their subtests, tests of the scripts, and notebooks each count one.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
import unittest
from collections import defaultdict
from pathlib import Path

import notebook_stamps
import run_notebooks

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent


class Tally:
    """What passed, failed and was skipped, by kind."""

    def __init__(self):
        self.passed = defaultdict(int)
        self.failed = defaultdict(list)
        self.skipped = []

    def add(self, kind: str, name: str, ok: bool) -> None:
        if ok:
            self.passed[kind] += 1
        else:
            self.failed[kind].append(name)

    def report(self) -> int:
        print("\nsummary")
        for kind in dict.fromkeys([*self.passed, *self.failed]):
            print(f"  {kind}: {self.passed[kind]} passed, {len(self.failed[kind])} failed")
            for name in self.failed[kind]:
                print(f"    FAILED {name}")
        for name in self.skipped:
            print(f"  skipped {name}")
        failed = sum(map(len, self.failed.values()))
        print(f"{sum(self.passed.values())} passed, {failed} failed")
        return 1 if failed else 0


def run_check(tally: Tally, name: str, command: list[str]) -> None:
    started = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    tally.add("checks", name, code == 0)
    print(f"{name}: {'ok' if code == 0 else 'FAILED'} ({time.monotonic() - started:.0f} s)", flush=True)


def run_go_tests(tally: Tally, *flags: str) -> None:
    env = dict(os.environ)
    if "-short" in flags:  # short tests compile for longer than they compute
        env["XLA_FLAGS"] = f"{env.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()
    # go vet has run: without -vet=off each package would be vetted once more.
    command = ["go", "test", "-json", "-vet=off", "-timeout=40m", *flags, *shlex.split(os.environ.get("GOTESTFLAGS", "")), "./..."]
    before = len(tally.failed["Go tests"])
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        count_events(tally, process.stdout)
    if process.returncode != 0 and len(tally.failed["Go tests"]) == before:
        tally.add("Go tests", f"go test ended with status {process.returncode}", False)


def count_events(tally: Tally, lines) -> None:
    """Counts the events of `go test -json`; shows packages, and failures in full."""
    output = defaultdict(list)
    failed = set()  # packages with a test that failed
    for line in lines:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            print(line, end="", flush=True)
            continue
        action, test = event["Action"], event.get("Test", "")
        package = event.get("ImportPath") or event.get("Package", "")
        if action in ("output", "build-output"):
            output[package, test].append(event["Output"])
            continue
        if action not in ("pass", "fail", "skip", "build-fail"):
            continue
        said = "".join(output.pop((package, test), []))
        if action == "build-fail":
            print(said, end="", flush=True)
        elif test and action == "skip":
            tally.skipped.append(f"{package} {test}: {reason(said)}")
        elif test:
            tally.add("Go tests", f"{package} {test}", action == "pass")
            if action == "fail":
                failed.add(package)
                print(said, end="", flush=True)
        elif action == "fail":
            if package not in failed:  # it did not build, or ended outside a test
                tally.add("Go tests", package, False)
            print(f"{said}FAIL  {package}", flush=True)
        elif action == "pass":
            print(f"ok    {package}  {event.get('Elapsed', 0):.1f} s", flush=True)


def reason(said: str) -> str:
    """What a skipped test gave as its reason."""
    return " ".join(l.strip() for l in said.splitlines() if not l.strip().startswith(("=== ", "--- ")))


def run_script_tests(tally: Tally) -> None:
    suite = unittest.defaultTestLoader.discover(str(SCRIPTS), pattern="test_*.py")
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    bad = [str(test) for test, _ in result.failures + result.errors]
    for name in bad:
        tally.add("script tests", name, False)
    tally.passed["script tests"] += result.testsRun - len(bad)


def run_all_notebooks(tally: Tally, paths: list[Path]) -> None:
    if not paths:
        print("there are no notebooks in notebooks/ yet")
        return
    try:
        stamps = notebook_stamps.stamps(paths)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"every notebook runs, because what it depends on cannot be told: {error}", flush=True)
        stamps = {}
    todo = []
    for path in paths:
        if path in stamps and notebook_stamps.unchanged(path, stamps[path]):
            tally.skipped.append(f"{path.name}: it passed here, and nothing that it depends on has changed")
        else:
            todo.append(path)
    cell_timeout = int(os.environ.get("CELL_TIMEOUT", "1800"))
    for path, problem in run_notebooks.run_all(todo, in_place=False, cell_timeout=cell_timeout, jobs=2).items():
        tally.add("notebooks", path.name, not problem)
        if not problem and path in stamps:
            notebook_stamps.passed(path, stamps[path])


# Packages whose tests look for races: several processes and goroutines at one store, and text read in parallel.
RACES = ["./train/store", "./train/corpus/..."]


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs every check and test.")
    parser.add_argument("--short", action="store_true", help="the fast ones")
    short = parser.parse_args().short
    tally = Tally()
    run_check(tally, "gofmt", [str(SCRIPTS / "fmt.sh"), "--check"])
    run_check(tally, "go vet", ["go", "vet", "./..."])
    run_check(tally, "staticcheck", ["staticcheck", "./..."])
    run_go_tests(tally, *(["-short"] if short else []))
    if not short:
        run_check(tally, "races", ["go", "test", "-race", *RACES])
        run_check(tally, "races of the progress bar", ["go", "test", "-race", "-run=ProgressBar", "./train"])
    run_script_tests(tally)
    try:
        run_all_notebooks(tally, run_notebooks.find([])[: 2 if short else None])
    except run_notebooks.Interrupted:
        tally.add("notebooks", "interrupted", False)
    return tally.report()


if __name__ == "__main__":
    sys.exit(main())
