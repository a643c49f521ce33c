"""Tests of run_tests.py: what it counts from the events of real `go test -json`."""

import contextlib
import io
import subprocess
import tempfile
import unittest
from pathlib import Path

import run_tests

FILES = {
    "go.mod": "module example\n\ngo 1.26\n",
    "good/good_test.go": """package good

import "testing"

func TestGood(t *testing.T) { t.Run("sub", func(t *testing.T) {}) }

func TestSkipped(t *testing.T) { t.Skip("no such hardware") }
""",
    "bad/bad_test.go": """package bad

import "testing"

func TestBad(t *testing.T)  { t.Fatal("the reason") }
func TestFine(t *testing.T) {}
""",
    "broken/broken_test.go": "package broken\n\nvar x int = nonsense\n",
    "exits/exits_test.go": """package exits

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(3) }
""",
    "none/none.go": "package none\n",
}


class CountEvents(unittest.TestCase):
    def test_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in FILES.items():
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            events = subprocess.run(["go", "test", "-json", "-vet=off", "./..."], cwd=folder, capture_output=True, text=True, check=False)
        tally, printed = run_tests.Tally(), io.StringIO()
        with contextlib.redirect_stdout(printed):
            run_tests.count_events(tally, events.stdout.splitlines(keepends=True))
            status = tally.report()
        self.assertEqual(tally.passed["Go tests"], 3)  # TestGood, its subtest, TestFine
        self.assertEqual(sorted(tally.failed["Go tests"]), ["example/bad TestBad", "example/broken", "example/exits"])
        self.assertEqual(tally.skipped, ["example/good TestSkipped: good_test.go:7: no such hardware"])
        self.assertEqual(status, 1)
        self.assertEqual(printed.getvalue().splitlines()[-1], "3 passed, 3 failed")
        self.assertIn("the reason", printed.getvalue())
        self.assertIn("undefined: nonsense", printed.getvalue())

    def test_nothing_failed(self):
        tally, printed = run_tests.Tally(), io.StringIO()
        tally.add("checks", "gofmt", True)
        with contextlib.redirect_stdout(printed):
            self.assertEqual(tally.report(), 0)
        self.assertEqual(printed.getvalue().splitlines()[-1], "1 passed, 0 failed")


if __name__ == "__main__":
    unittest.main()
