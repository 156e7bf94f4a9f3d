"""A cell is run, and without any click there are the photograph, the maps and three pictures."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from .jupyter_lab import JupyterLab
from .notebook import Notebook

pytestmark = pytest.mark.browser

CELL = "import deconvscope as ds\nds.Explorer()"


def test_the_first_view_needs_no_click(page: Page, lab: JupyterLab, screenshots) -> None:
    notebook = Notebook.of(page, lab, "first", [CELL])
    notebook.run(0)
    explorer = notebook.explorer()
    print(explorer.status, explorer.neuron)
    explorer.root.screenshot(path=screenshots / "light.png")
    page.screenshot(path=screenshots / "page.png")
    for code in ("FTT", "saliency", "TTT"):
        height, width, drawn = explorer.pixels(code)
        print(height, width, len(set(drawn)))
        assert len(set(drawn)) > 20
