"""Tests of notebook_stamps.py: what changes a notebook's stamp."""

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import notebook_stamps

CELLS = ['%noautoget\nimport (\n    "fmt"\n\n    m "firsttoken/sinks"\n    "github.com/janpfeifer/must"\n)', 'import "firsttoken/plots"\n\n%%\nfmt.Println("a/b")']


def write(path: Path, sources: list[str], prose: str = "text") -> None:
    cells = [{"cell_type": "markdown", "source": prose}, *({"cell_type": "code", "source": s, "outputs": []} for s in sources)]
    path.write_text(json.dumps({"cells": cells}))


class Stamps(unittest.TestCase):
    def test_imports(self):
        self.assertEqual(notebook_stamps.imports(CELLS), ["firsttoken/plots", "firsttoken/sinks", "github.com/janpfeifer/must"])

    def test_what_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "01-some.ipynb"
            write(path, CELLS)
            before = notebook_stamps.stamps([path])[path]
            write(path, CELLS, "other prose")
            self.assertEqual(notebook_stamps.stamps([path])[path], before)
            write(path, [CELLS[0], CELLS[1] + "\nfmt.Println()"])
            self.assertNotEqual(notebook_stamps.stamps([path])[path], before)
            write(path, [CELLS[0].replace("sinks", "sinks/stats"), CELLS[1]])
            self.assertNotEqual(notebook_stamps.stamps([path])[path], before)

    def test_skips_only_what_passed(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(notebook_stamps, "STAMPS", Path(folder) / "stamps"):
            path = Path("01-some.ipynb")
            with mock.patch.dict(os.environ):
                os.environ.pop("CI", None)
                self.assertFalse(notebook_stamps.unchanged(path, "1"))
                notebook_stamps.passed(path, "1")
                self.assertTrue(notebook_stamps.unchanged(path, "1"))
                self.assertFalse(notebook_stamps.unchanged(path, "2"))
                os.environ["CI"] = "true"
                self.assertFalse(notebook_stamps.unchanged(path, "1"))


if __name__ == "__main__":
    unittest.main()
