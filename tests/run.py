"""Check everything: format, lint and types of both languages, then all tests.

``python tests/run.py [arguments for pytest]`` makes .venv and installs what is missing first.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import environment
from environment import FRONT_END, PYTHON, run, say

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def provide_chromium() -> None:
    """Install Chromium, which the browser tests drive, where that can be done without asking."""
    if any(map(shutil.which, _CHROMIUM)):
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        say("installing Chromium")
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        run("apt-get", "update", "-qq")
        run(
            "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu"
        )
    else:
        say(
            "no Chromium found: install it (apt install chromium), or add -m 'not browser and not slow'"
        )


def check() -> None:
    """Formatters, linters and type checkers of both languages, and the front end's unit tests."""
    environment.install_front_end_tools()
    for script in ("check", "test", "build"):
        say(f"npm run {script}")
        run("npm", "run", "--silent", script, folder=FRONT_END)
    say("ruff")
    run("ruff", "format", "--check", "--quiet", ".")
    run("ruff", "check", "--quiet", ".")
    say("mypy")
    run("mypy")


def main(arguments: list[str]) -> int:
    """Prepare, check, test; pytest's summary comes last, and its exit status goes out."""
    environment.prepare("test")
    provide_chromium()
    check()
    say("pytest")
    return environment.status(PYTHON, "-m", "pytest", *arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
