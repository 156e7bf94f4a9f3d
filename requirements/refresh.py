"""Update the pinned versions.

``python requirements/refresh.py`` takes the newest releases; with ``--keep`` it changes only what
pyproject.toml requires.

- locked.txt: what tests/run.py and example_notebooks/open.py install.
- oldest.txt: the oldest releases that pyproject.toml allows, and what tests them.

Both cover every Python and system that pyproject.toml supports, by markers. Installing deconvscope
from a package index uses neither.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import environment
from environment import LOCKED, PYTHON

OLDEST = LOCKED.with_name("oldest.txt")
OLDEST_PYTHON = "3.10"
EXTRAS = ("figures", "segmentation", "tables")
"""Extras whose oldest releases are tested, besides the required dependencies."""
_COMPILE = (
    *("pip", "compile", "--quiet", "--no-header", "--no-annotate"),
    *("--no-emit-index-url", "--no-emit-find-links"),
)


def _compile(*arguments: str | os.PathLike[str]) -> None:
    environment.run("uv", *_COMPILE, *arguments)


def pip_constraints() -> list[str]:
    """Return uv's arguments for pip's configured constraints."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    files: list[str] = []
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        if key.rpartition(".")[2] == "constraint":
            files += ast.literal_eval(value).split()
    return [argument for file in files for argument in ("--constraint", file)]


def lock(keep: bool) -> None:
    """Write locked.txt."""
    environment.say(f"resolving {LOCKED.name}")
    more = [] if keep else ["--upgrade"]
    with tempfile.TemporaryDirectory() as folder:
        node = Path(folder) / "node.in"
        node.write_text(environment.NODE)
        _compile(
            *("pyproject.toml", node, "--all-extras", "--universal"),
            *("--python-version", OLDEST_PYTHON, *pip_constraints(), *more),
            *("--output-file", LOCKED),
        )
    _explain(LOCKED, "What tests/run.py and example_notebooks/open.py install.")


def lock_oldest() -> None:
    """Write oldest.txt: the oldest dependencies, and the test tools as in locked.txt where possible."""
    environment.say(f"resolving {OLDEST.name}")
    universal = ("--universal", "--python-version", OLDEST_PYTHON)
    with tempfile.TemporaryDirectory() as folder:
        oldest, backend = Path(folder) / "oldest.txt", Path(folder) / "backend.in"
        backend.write_text("\n".join(environment.BACKEND))
        extras = [argument for extra in EXTRAS for argument in ("--extra", extra)]
        lowest = ("--resolution", "lowest-direct", "--output-file", oldest)
        _compile("pyproject.toml", *extras, *universal, *lowest)
        OLDEST.write_text(LOCKED.read_text(encoding="utf-8"), encoding="utf-8")  # uv prefers these
        tests = ("pyproject.toml", "--extra", "test-core", *pip_constraints())
        _compile(oldest, backend, *tests, *universal, "--output-file", OLDEST)
    _explain(OLDEST, "The oldest releases that pyproject.toml allows, and what tests them.")


def _explain(file: Path, what: str) -> None:
    head = f"# {what}\n# Written by `python requirements/refresh.py`.\n"
    file.write_text(head + file.read_text(encoding="utf-8"), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write both files."""
    if set(arguments) - {"--keep"}:
        sys.exit(__doc__)
    environment.prepare("test")
    lock(keep="--keep" in arguments)
    lock_oldest()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
