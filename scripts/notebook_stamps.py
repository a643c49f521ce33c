"""Tells whether a notebook has anything new to show since it last passed here.

What it shows follows from its cells, the code of the packages they import (internal/codehash), the runs, grids, values and
tokenizers that come with the checkout, the tools, and Go. The hash of all that is its stamp, kept in .tools/stamps/notebooks once
the notebook passed. Where $CI is set nothing is skipped.
"""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMPS = ROOT / ".tools" / "stamps" / "notebooks"

# "firsttoken/sinks" on a line of its own, in an import declaration with or without a name.
IMPORT = re.compile(r'^\s*(?:import\s+)?(?:[\w.]+\s+)?"([\w.-]+(?:/[\w.-]+)+)"\s*$', re.MULTILINE)


def cells(path: Path) -> list[str]:
    """The sources of a notebook's code cells."""
    notebook = json.loads(path.read_text())
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def imports(sources: list[str]) -> list[str]:
    """What cells import from outside the standard library, in order of names."""
    return sorted({name for source in sources for name in IMPORT.findall(source)})


def stamps(paths: list[Path]) -> dict[Path, str]:
    """The hash of all that each notebook depends on."""
    sources = {path: cells(path) for path in paths}
    lines = "".join(" ".join(imports(s)) + "\n" for s in sources.values())
    codes = run(["go", "run", "./internal/codehash/cmd/codehash"], lines).split()
    common = "\n".join([run(["go", "version"]), *(f"{name} {size}" for name, size in results())])
    setup = ROOT / ".tools" / "stamps"
    common += "".join(p.name + p.read_text() for p in sorted(setup.glob("*")) if p.is_file())
    return {
        path: hashlib.sha256("\0".join([common, code, *source]).encode()).hexdigest()
        for (path, source), code in zip(sources.items(), codes, strict=True)
    }


def results() -> list[tuple[str, int]]:
    """Files that notebooks read from the checkout, by name and size."""
    found = []
    for folder in ("grids", "results/runs", "results/measured", "results/tokenizers"):
        for path in sorted((ROOT / "notebooks" / folder).rglob("*")):
            if path.is_file():
                found.append((str(path.relative_to(ROOT)), path.stat().st_size))
    return found


def run(command: list[str], text: str = "") -> str:
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=True).stdout.strip()


def unchanged(path: Path, stamp: str) -> bool:
    """Whether the notebook passed here as it is now."""
    known = STAMPS / path.name
    return not os.environ.get("CI") and known.is_file() and known.read_text() == stamp


def passed(path: Path, stamp: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / path.name).write_text(stamp)
