"""A saved notebook opened again: the last view is there, and a click says that nobody answers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from playwright.sync_api import Page

from .conftest import IMPORT
from .hosts import Host
from .jupyter_server import JupyterServer
from .patience import PATIENCE
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

MANAGER = "@jupyter-widgets/jupyterlab-manager:plugin"
NAME = "saved"


class Saved(NamedTuple):
    """What an explorer showed when its notebook was saved."""

    neuron: str
    picture: tuple[int, int, bytes]


@pytest.fixture
def saved(page: Page, lab: Host, jupyter: JupyterServer) -> Saved:
    """A notebook saved by hand, with its widget's state, and left."""
    jupyter.setting(MANAGER, saveState=True)
    notebook = lab.open(page, NAME, [IMPORT, "ds.Explorer(layer='conv4_3')"])
    notebook.run(0)
    assert "ready" in notebook.output(0)
    notebook.run(1)
    explorer = notebook.explorer(1)
    explorer.click_tile(0, 2, 0.4, 0.4)
    explorer.wait_for_meters()  # what is computed while idle is saved as well
    notebook.save()
    widgets = nbformat.read(lab.path(NAME), 4).metadata.widgets
    print(f"\nsaved state: {len(str(widgets)) / 1e6:.2f} MB")
    assert len(str(widgets)) < 1_500_000
    shown = Saved(explorer.neuron, explorer.pixels("TTT"))
    page.goto("about:blank")
    lab.end_kernel(NAME)
    return shown


def test_it_opens_on_a_fresh_kernel_with_the_view_it_was_saved_with(
    page: Page, lab: Host, saved: Saved
) -> None:
    explorer = lab.open_again(page, NAME).explorer(1)
    assert (explorer.neuron, explorer.pixels("TTT")) == saved
    _nobody_answers(explorer)
    assert (explorer.neuron, explorer.pixels("TTT")) == saved
    lab.end_kernel(NAME)


def test_a_kernel_that_is_shut_down_is_missed_at_the_next_click(
    page: Page, lab: Host, saved: Saved, screenshots: Path
) -> None:
    explorer = lab.open_again(page, NAME).explorer(1)
    lab.end_kernel(NAME)
    _nobody_answers(explorer)
    explorer.root.screenshot(path=screenshots / "no_kernel.png")
    assert (explorer.neuron, explorer.pixels("TTT")) == saved


def test_where_no_widget_may_run_the_picture_stands_in(page: Page, lab: Host, saved: Saved) -> None:
    notebook = nbformat.read(lab.path(NAME), 4)
    notebook.cells[1].source += "  # changed by a stranger, so that the notebook is not trusted"
    del notebook.metadata["widgets"]
    nbformat.write(notebook, lab.path("stranger"))
    lab.open_again(page, "stranger")
    picture = page.locator(".jp-OutputArea img")
    picture.wait_for(timeout=PATIENCE)
    assert picture.evaluate("image => image.naturalWidth") > 700
    assert page.locator(".dcs-root").count() == 0
    lab.end_kernel("stranger")


def _nobody_answers(explorer: ShownExplorer) -> None:
    x, y = explorer.tile_point(1, 1, 0.5, 0.5)
    explorer.page.mouse.click(x, y)
    explorer.wait(lambda: "no kernel" in explorer.status, "the line about the kernel")
    assert explorer.attribute("busy") == "false"
