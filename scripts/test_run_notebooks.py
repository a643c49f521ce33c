"""Tests of run_notebooks.py that need no kernel."""

import asyncio
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nbformat
import nbformat.v4 as v4
import run_notebooks as rn


def ran(source: str, stderr: str):
    return v4.new_code_cell(source, outputs=[v4.new_output("stream", name="stderr", text=stderr)])


def notebook(*sources: str):
    nb = v4.new_notebook(cells=[v4.new_markdown_cell("# Title"), *map(v4.new_code_cell, sources)])
    nb.metadata.kernelspec = rn.KERNELSPEC
    return nb


class SilentFailure(unittest.TestCase):
    def test_shell(self):
        for source in ("!false", "  !false", "//gonb:!false", "%%bash\nexit 3", "%%sh\nexit 3", "%%script python3\nexit(3)"):
            with self.subTest(source):
                self.assertIn("exit status 1", rn.silent_failure(ran(source, "why\nexit status 1\n")))
        self.assertIn("signal: killed", rn.silent_failure(ran("!sleep 9", "signal: killed\n")))

    def test_unknown_command(self):
        self.assertIn("unknown", rn.silent_failure(ran("%nosuch", '"%nosuch" unknown or not implemented yet.')))

    def test_no_failure(self):
        for cell in (
            ran("!make", "warning: exit status 1 is what it would be\n"),
            ran('%%\nlog.Print("x")', "exit status 1\n"),  # the program's own words
            ran("%%bash\necho hi", ""),
            v4.new_markdown_cell("!false"),
        ):
            with self.subTest(cell.source):
                self.assertEqual(rn.silent_failure(cell), "")


class CheckSource(unittest.TestCase):
    def test_good(self):
        rn.check_source(notebook("%noautoget\nimport \"fmt\"", "%%\nfmt.Println(1)"), in_place=False)

    def test_autoget(self):
        for nb in (notebook("%%\nprintln(1)"), notebook("%%\nprintln(1)", "%noautoget"), notebook("// %noautogets")):
            with self.assertRaisesRegex(rn.NotebookError, "noautoget"):
                rn.check_source(nb, in_place=False)

    def test_no_code(self):
        with self.assertRaisesRegex(rn.NotebookError, "no code cell"):
            rn.check_source(notebook(), in_place=False)

    def test_kernel(self):
        nb = notebook("%noautoget")
        del nb.metadata["kernelspec"]
        rn.check_source(nb, in_place=True)
        with self.assertRaisesRegex(rn.NotebookError, "kernel gonb"):
            rn.check_source(nb, in_place=False)


class Normalise(unittest.TestCase):
    def test_what_differs_between_machines_goes(self):
        nb = notebook("%noautoget")
        nb.metadata.language_info = {"name": "go", "version": "go1.99"}
        nb.metadata["widgets"] = {}
        nb.cells[1].metadata["execution"] = {"iopub.status.busy": "now"}
        nb.cells[1].metadata["tags"] = ["kept"]
        nb.cells[1]["id"] = ""
        rn.normalise(nb)
        self.assertEqual(nb.metadata, {"kernelspec": rn.KERNELSPEC, "language_info": {"name": "go"}})
        self.assertEqual(nb.cells[1].metadata, {"tags": ["kept"]})
        self.assertEqual(nb.cells[1].id, "cell-02")
        nbformat.validate(nb)


class Write(unittest.TestCase):
    def test_all_or_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.ipynb"
            rn.write(notebook("%noautoget"), path)
            before = path.read_bytes()
            with self.assertRaises(Exception):
                rn.write(object(), path)
            self.assertEqual(path.read_bytes(), before)
            self.assertEqual([p.name for p in Path(folder).iterdir()], ["a.ipynb"])


class Order(unittest.TestCase):
    def test_a_second_part_waits_for_the_first(self):
        log = []

        async def run_one(path, *_):
            log.append(path.stem)
            await asyncio.sleep(0.01 if path.stem.startswith("06") else 0)
            log.append(path.stem + " ends")
            return ""

        paths = [Path(f"/n/{name}.ipynb") for name in ("06-a", "06b-b", "06c-c", "07-d", "scratch")]
        with mock.patch.object(rn, "run_one", run_one):
            results = asyncio.run(rn.run_each(paths, False, 1, 2, rn.Signals()))
        self.assertEqual(results, dict.fromkeys(paths, ""))
        for second in ("06b-b", "06c-c"):
            self.assertLess(log.index("06-a ends"), log.index(second))
        self.assertLess(log.index("07-d"), log.index("06-a ends"), "others need not wait")


if __name__ == "__main__":
    unittest.main()
