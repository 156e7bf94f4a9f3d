"""Each example notebook in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from example_notebooks.execute import NOTEBOOKS


@pytest.fixture(params=sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """An example notebook."""
    chosen: Path = request.param
    return chosen
