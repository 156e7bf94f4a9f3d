"""Check everything: format, lint and types of both languages, then the tests.

``python tests/run.py`` first creates .venv and installs what is missing. ``--help`` lists the options;
other arguments go to pytest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import environment
from environment import FRONT_END, PYTHON, run, say

PARTS = ("lint", "types", "typescript", "python")
EXTENT = {
    "quick": "not slow and not browser and not notebook and not lengthy",
    "default": "not slow",
    "all": "",
    "versions": "versions",
}
"""Extent → pytest's `-m` expression."""
MOST_WORKERS = 4
"""Limits memory: each worker loads torch and networks."""

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Choice:
    """The parts and tests to run."""

    extent: str
    parts: tuple[str, ...]
    pytest: tuple[str, ...]

    @property
    def drives_browser(self) -> bool:
        """Whether browser tests may be among the tests."""
        return "python" in self.parts and self.extent not in ("quick", "versions")


def choose(arguments: Sequence[str]) -> Choice:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="tests/run.py",
        description="Check and test this source tree in .venv, which is created on first use.",
        epilog="Other arguments go to pytest: paths, -k NAME, -x, -n 0 for a single process, …",
        allow_abbrev=False,
    )
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument(
        "--quick",
        dest="extent",
        action="store_const",
        const="quick",
        help="skip the browser, the notebooks and other slow tests",
    )
    extent.add_argument(
        "--all",
        dest="extent",
        action="store_const",
        const="all",
        help="add the slow tests: every notebook program, notebook, instruction set, Python, "
        "the oldest dependencies, and the wheel in a fresh environment",
    )
    extent.add_argument(
        "--versions",
        dest="extent",
        action="store_const",
        const="versions",
        help="only run engine and explorer with the oldest dependencies and with other Pythons, "
        "each in its own environment beside .venv",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=PARTS,
        help="only run this part; may be repeated",
    )
    known, rest = parser.parse_known_args(arguments)
    extent_chosen = known.extent or "default"
    chosen = known.only or (("python",) if extent_chosen == "versions" else PARTS)
    return Choice(extent_chosen, tuple(part for part in PARTS if part in chosen), tuple(rest))


def provide_chromium() -> None:
    """Install Chromium for the browser tests if that needs no confirmation."""
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
        say("no Chromium found: install it (apt install chromium), or run with --quick")


def check(part: str) -> None:
    """Run the Python checks of one part; exit at the first failure."""
    if part == "lint":
        say("ruff")
        run("ruff", "format", "--check", "--quiet", ".")
        run("ruff", "check", "--quiet", ".")
        say("import-linter")
        code, printed = environment.output("lint-imports")
        if code != 0:
            sys.exit(printed)
    elif part == "types":
        say("mypy")
        run("mypy")


class TypeScript(Thread):
    """Runs the front end's formatter, linter, type checker and unit tests in parallel to Python's.

    Attributes:
        failed: the output of the first failure.
    """

    failed = ""

    def run(self) -> None:
        """Run them in sequence."""
        for script in ("check", "test"):
            code, printed = environment.output("npm", "run", "--silent", script, folder=FRONT_END)
            if code != 0:
                self.failed = f"{printed}\nfailed ({code}): npm run {script}"
                return


def test(choice: Choice) -> int:
    """Run pytest in several processes with one torch thread each; return its exit status."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    workers = min(max(os.cpu_count() or 1, 2), MOST_WORKERS)
    say(f"pytest, {workers} processes")
    options = ["-n", str(workers), "--dist", "loadscope", "-m", EXTENT[choice.extent]]
    return environment.status(
        PYTHON, "-m", "pytest", *options, "--durations=25", "--durations-min=1", *choice.pytest
    )


def main(arguments: Sequence[str]) -> int:
    """Prepare, check and test; return pytest's exit status.

    Pytest's summary is printed last, or the front end's failure if there is one.
    """
    choice = choose(arguments)
    environment.prepare("test")
    if choice.drives_browser:
        provide_chromium()
    typescript = TypeScript(daemon=True)
    if "typescript" in choice.parts:
        environment.install_front_end_tools()
        say("npm run check, npm run test, in the background")
        typescript.start()
    for part in choice.parts:
        check(part)
    if {"typescript", "python"} & set(choice.parts):
        environment.build_front_end()
    code = 0
    if "python" in choice.parts and not typescript.failed:
        code = test(choice)
    if "typescript" in choice.parts:
        typescript.join()
    if typescript.failed:
        print(typescript.failed, flush=True)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
