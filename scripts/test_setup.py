"""Tests of the steps that set-up is made of, in throw-away checkouts."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent

# One step that makes the file "made" from the file "input", as the test says how.
HARNESS = """
set -euo pipefail
source scripts/env.sh
source scripts/steps.sh
GO_CACHE=/tmp
PYTHON=python3
build() {{
{body}
}}
begin
step {options} made "making it" build "$(key same "$ROOT/input")" "$ROOT/made"
finish
"""

GOOD = 'cp "$ROOT/input" "$WORK/made"; mv "$WORK/made" "$ROOT/made"'


class Steps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="first token ")  # the space is on purpose
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "scripts").mkdir()
        for name in ("env.sh", "steps.sh"):
            (self.root / "scripts" / name).write_text((SCRIPTS / name).read_text())
        (self.root / "input").write_text("one")

    def command(self, body: str, options: str = "") -> list[str]:
        return ["bash", "-c", HARNESS.format(body=body, options=options)]

    def set_up(self, body: str = GOOD, options: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(self.command(body, options), cwd=self.root, capture_output=True, text=True, timeout=60)

    def assertClean(self):
        self.assertEqual([p.name for p in (self.root / ".tools").iterdir() if p.name == "work"], [])

    def test_runs_once_for_the_same_inputs(self):
        first, second = self.set_up(), self.set_up()
        self.assertIn("making it", first.stdout)
        self.assertEqual((second.returncode, second.stdout, second.stderr), (0, "", ""))
        self.assertClean()

    def test_runs_again_for_other_inputs(self):
        self.set_up()
        (self.root / "input").write_text("two")
        self.assertIn("making it", self.set_up().stdout)
        self.assertEqual((self.root / "made").read_text(), "two")

    def test_runs_again_when_its_result_is_gone_or_empty(self):
        self.set_up()
        (self.root / "made").unlink()
        self.assertIn("making it", self.set_up().stdout)
        (self.root / "made").write_text("")
        self.assertIn("making it", self.set_up().stdout)

    def test_failure_stops_at_once_and_is_tried_again(self):
        failed = self.set_up(f"echo because >&2\nfalse\n{GOOD}")
        self.assertEqual(failed.returncode, 1)
        self.assertIn("because", failed.stderr)
        self.assertIn("making it: failed", failed.stderr)
        self.assertFalse((self.root / "made").exists())
        self.assertClean()
        self.assertEqual(self.set_up().returncode, 0)

    def test_optional_failure_goes_on(self):
        failed = self.set_up("false", options='-or "slower then"')
        self.assertEqual(failed.returncode, 0)
        self.assertIn("slower then", failed.stderr)
        self.assertIn("making it", self.set_up().stdout)

    def test_says_what_is_likely_wrong(self):
        for said, advice in (
            ("write /x: no space left on device", "disk is full"),
            ("dial tcp: lookup proxy.example: no such host", "no way to the network"),
            ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not what the lock file pins"),
            ("something else", "See the lines above"),
        ):
            with self.subTest(said):
                self.assertIn(advice, self.set_up(f"echo '{said}' >&2; false").stderr)

    def test_interrupted_step_leaves_nothing(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                process = subprocess.Popen(
                    self.command('echo half >"$WORK/made"; touch "$ROOT/begun"; sleep 60'),
                    cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                )
                while not (self.root / "begun").exists():
                    time.sleep(0.02)
                os.killpg(process.pid, number)
                process.wait(timeout=30)
                (self.root / "begun").unlink()
                self.assertFalse((self.root / "made").exists())
                self.assertEqual(self.set_up().returncode, 0)
                self.assertEqual((self.root / "made").read_text(), "one")
                self.assertClean()
                (self.root / "made").unlink()

    def test_many_at_once_take_turns(self):
        slow = f'[ ! -e "$ROOT/busy" ] || exit 9; touch "$ROOT/busy"; sleep 0.3; rm "$ROOT/busy"; {GOOD}'
        many = [subprocess.Popen(self.command(slow), cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(6)]
        outputs = [process.communicate(timeout=60) for process in many]
        self.assertEqual([process.returncode for process in many], [0] * 6, outputs)
        self.assertEqual(sum("making it" in out for out, _ in outputs), 1)
        self.assertClean()


class Unwheel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="first token ")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, members in (("one", {"a/x.part0": "Hello, "}), ("two", {"b/x.part1": "world", "b/y": "2", "c/y": "3"})):
            with zipfile.ZipFile(self.root / f"{name}.whl", "w") as archive:
                for member, text in members.items():
                    archive.writestr(member, text)

    def unwheel(self, whole: str, *parts: str) -> subprocess.CompletedProcess:
        command = ["python3", SCRIPTS / "unwheel.py", hashlib.sha256(whole.encode()).hexdigest(), "out", *parts]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=60)

    def test_puts_parts_together(self):
        self.assertEqual(self.unwheel("Hello, world", "x.part0", "one.whl", "x.part1", "two.whl").returncode, 0)
        self.assertEqual((self.root / "out").read_text(), "Hello, world")

    def test_refuses(self):
        for parts, message in (
            (("x.part1", "two.whl", "x.part0", "one.whl"), "SHA-256 of out is"),
            (("x.part0", "one.whl", "x.part1", "one.whl"), "holds 0 files named x.part1"),
            (("y", "two.whl"), "holds 2 files named y"),
        ):
            with self.subTest(parts):
                done = self.unwheel("Hello, world", *parts)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)


class Gemma(unittest.TestCase):
    def test_names_the_terms_before_it_fetches_and_leaves_nothing_half_done(self):
        with tempfile.TemporaryDirectory(prefix="first token ") as folder:
            root = Path(folder)
            (root / "scripts").mkdir()
            for name in ("gemma.sh", "env.sh", "prerequisites.sh", "steps.sh", "unwheel.py", "requirements-gemma.txt"):
                shutil.copy(SCRIPTS / name, root / "scripts")
            shutil.copy(SCRIPTS.parent / "go.mod", root)
            offline = os.environ | {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": "",
                                    "PIP_FIND_LINKS": "", "no_proxy": "*"}
            done = subprocess.run([root / "scripts" / "gemma.sh"], capture_output=True, text=True, timeout=300, env=offline)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no way to the network", done.stderr)
            said, _, _ = done.stdout.partition("setup:")
            for wanted in ("ai.google.dev/gemma/terms", "ai.google.dev/gemma/prohibited_use_policy", "239 MB"):
                self.assertIn(wanted, said)
            self.assertFalse((root / ".data").exists())
            self.assertFalse((root / ".tools" / "work").exists())


if __name__ == "__main__":
    unittest.main()
