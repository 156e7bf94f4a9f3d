"""A saved notebook opened again: the last view is there, and a click says that nobody answers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from playwright.sync_api import Page

from .jupyter_lab import JupyterLab
from .notebook import Notebook, ShownExplorer

pytestmark = pytest.mark.browser

MANAGER = "@jupyter-widgets/jupyterlab-manager/plugin"


class Saved(NamedTuple):
    """What an explorer showed when its notebook was saved."""

    neuron: str
    picture: tuple[int, int, bytes]


@pytest.fixture
def saved(page: Page, lab: JupyterLab) -> Saved:
    """A notebook saved by hand, with its widget's state, and left."""
    lab.setting(MANAGER, saveState=True)
    cell = "import deconvscope as ds\nds.Explorer(layer='conv4_3')"
    notebook = Notebook.of(page, lab, "saved", [cell])
    notebook.run(0)
    explorer = notebook.explorer()
    explorer.click_tile(0, 2, 0.4, 0.4)
    notebook.save()
    widgets = nbformat.read(lab.path("saved"), 4).metadata.widgets
    print(f"\nsaved state: {len(str(widgets)) / 1e6:.2f} MB")
    assert len(str(widgets)) < 1_500_000
    shown = Saved(explorer.neuron, explorer.pixels("TTT"))
    page.goto("about:blank")
    lab.end_kernels()
    return shown


def test_it_opens_on_a_fresh_kernel_with_the_view_it_was_saved_with(
    page: Page, lab: JupyterLab, saved: Saved
) -> None:
    explorer = Notebook(page, lab.address("saved")).explorer()
    assert (explorer.neuron, explorer.pixels("TTT")) == saved
    _nobody_answers(explorer)
    assert (explorer.neuron, explorer.pixels("TTT")) == saved


def test_a_kernel_that_is_shut_down_is_missed_at_the_next_click(
    page: Page, lab: JupyterLab, saved: Saved, screenshots: Path
) -> None:
    explorer = Notebook(page, lab.address("saved")).explorer()
    lab.end_kernels()
    _nobody_answers(explorer)
    explorer.root.screenshot(path=screenshots / "no_kernel.png")
    assert (explorer.neuron, explorer.pixels("TTT")) == saved


def test_where_no_widget_may_run_the_picture_stands_in(
    page: Page, lab: JupyterLab, saved: Saved
) -> None:
    notebook = nbformat.read(lab.path("saved"), 4)
    notebook.cells[0].source += "  # changed by a stranger, so that the notebook is not trusted"
    del notebook.metadata["widgets"]
    nbformat.write(notebook, lab.path("stranger"))
    Notebook(page, lab.address("stranger"))
    picture = page.locator(".jp-OutputArea img")
    picture.wait_for(timeout=20_000)
    assert picture.evaluate("image => image.naturalWidth") > 700
    assert page.locator(".dcs-root").count() == 0


def _nobody_answers(explorer: ShownExplorer) -> None:
    explorer.page.wait_for_timeout(500)
    x, y = explorer.tile_point(1, 1, 0.5, 0.5)
    explorer.page.mouse.click(x, y)
    explorer.wait(lambda: "no kernel" in explorer.status, "the line about the kernel", 15_000)
    assert explorer.attribute("busy") == "false"
