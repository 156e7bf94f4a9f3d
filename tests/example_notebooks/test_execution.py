"""Every example notebook runs in a fresh kernel, without an error or a warning, and stays small."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from example_notebooks.execute import NOTEBOOKS, execute

from .limits import assert_small

pytestmark = pytest.mark.notebook


FIRST, *OTHERS = sorted(NOTEBOOKS.glob("*.ipynb"))
ALL = [FIRST, *(pytest.param(path, marks=pytest.mark.slow) for path in OTHERS)]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    assert_small(nbformat.writes(execute(copy)))


@pytest.mark.parametrize(
    "source",
    [
        "import sys; print('what', file=sys.stderr)",
        "import warnings; warnings.warn('what', stacklevel=1)",
    ],
)
def test_a_warning_is_an_error(tmp_path: Path, source: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, tmp_path / "loud.ipynb")
    with pytest.raises(RuntimeError, match="what"):
        execute(tmp_path / "loud.ipynb")
