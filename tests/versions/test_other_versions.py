"""Engine and explorer with the oldest dependencies that pyproject.toml allows, and with other Pythons.

Each test makes a virtual environment beside .venv and runs other tests in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import environment

from . import interpreters

TESTED = ("tests/reversal", "tests/models", "tests/display", "tests/explorer")
WITHOUT = "not slow and not browser and not notebook"


@dataclass(frozen=True)
class Versions:
    """A Python, and what is installed for it.

    Attributes:
        python: its version.
        lock: the file in requirements/ that names the other versions.
        options: of pytest.
    """

    python: str
    lock: str
    options: tuple[str, ...] = ()


AS_WARNINGS = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
"""What old dependencies say of newer ones that they use."""
OTHERS = (
    Versions("3.10", "oldest.txt", tuple(f"-Wdefault::{kind}" for kind in AS_WARNINGS)),
    Versions("3.10", "locked.txt"),
    Versions("3.13", "locked.txt"),
)


@pytest.mark.slow
@pytest.mark.versions
@pytest.mark.parametrize("chosen", OTHERS, ids=lambda one: f"{one.python}-{one.lock}")
def test_engine_and_explorer_pass(chosen: Versions) -> None:
    base = interpreters.find(chosen.python)
    if base is None:
        pytest.skip(f"no Python {chosen.python} on this machine")
    venv = environment.ROOT / f".venv-{chosen.python}-{Path(chosen.lock).stem}"
    lock = environment.LOCKED.with_name(chosen.lock)
    python = environment.install(venv, base, "test-core", lock)
    pytest_here = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "-q", "-m", WITHOUT]
    own = ("PYTEST_", "PYTHONPATH")  # of the pytest that runs this
    variables = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    done = subprocess.run(
        [*pytest_here, *chosen.options, *TESTED],
        cwd=environment.ROOT,
        env=variables,
        capture_output=True,
        text=True,
    )
    print(done.stdout[-20_000:], done.stderr[-5_000:], file=sys.stderr)
    assert done.returncode == 0
