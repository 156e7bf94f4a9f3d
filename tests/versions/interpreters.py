"""Finding another Python on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path


def find(version: str) -> Path | None:
    """Return a Python of a version, such as "3.13", that can make virtual environments, if there is one."""
    return next((python for python in _candidates(version) if _is(python, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)


def _is(python: Path, version: str) -> bool:
    """Whether it runs: a name on the path may lead to a version that is not switched on."""
    ask = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    found = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    return found.returncode == 0 and found.stdout.strip() == version
