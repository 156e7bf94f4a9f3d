"""A saved notebook opened again: the last view is there, and a click says that nobody answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import nbformat
import pytest
from nbformat.reader import NotJSONError
from playwright.sync_api import Page

from . import picture_files
from .conftest import IMPORT, Pages
from .hosts import IN_JUPYTER, IN_JUPYTER_LAB_FIRST, IN_MARIMO, Host
from .jupyter_server import JupyterServer
from .patience import PATIENCE
from .picture_files import PictureFile
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

MANAGER = "@jupyter-widgets/jupyterlab-manager:plugin"
NAME = "saved"
DIES = "import os\nos._exit(1)"


class Saved(NamedTuple):
    """What an explorer showed when its notebook was saved."""

    neuron: str
    picture: tuple[int, int, bytes]


@pytest.fixture(scope="module")
def saved(pages: Pages, host: Host, jupyter: JupyterServer) -> Saved:
    """A notebook saved by hand, with its widget's state, and left."""
    jupyter.setting(MANAGER, saveState=True)
    page = pages.open()
    notebook = host.open(page, NAME, [IMPORT, "ds.Explorer(layer='conv4_3')"])
    notebook.run(0)
    assert "ready" in notebook.output(0)
    notebook.run(1)
    explorer = notebook.explorer(1)
    _open_and_leave(explorer, picture_files.private())
    explorer.click_tile(0, 2, 0.4, 0.4)
    explorer.wait_for_meters()  # what is computed while idle is saved as well
    notebook.save()
    notebook.wait(lambda: _state(host) is not None, "the state to be saved")
    print(f"\nsaved state: {len(str(_state(host))) / 1e6:.2f} MB")
    assert len(str(_state(host))) < 1_500_000
    assert _uploads(_state(host)) == [""]
    shown = Saved(explorer.neuron, explorer.pixels("TTT"))
    page.context.close()
    host.end_kernel(NAME)
    return shown


def _open_and_leave(explorer: ShownExplorer, file: PictureFile) -> None:
    """Look at a person's own picture, and go back to a bundled one."""
    before = explorer.shown
    explorer.choose(file)
    explorer.answered(before)
    assert explorer.root.locator(".dcs-image h3").inner_text() == file.name
    before = explorer.shown
    explorer.root.get_by_role("radio", name="Chelsea").click()
    explorer.answered(before)


def _uploads(state: Any) -> list[str]:
    """Return what is saved, in base64, of the pictures that were sent to the kernel."""
    models = state["application/vnd.jupyter.widget-state+json"]["state"].values()
    sent = (one for model in models for one in model.get("buffers", []))
    return [one["data"] for one in sent if one["path"] == ["_upload"]]


def _state(host: Host) -> object:
    """Return what is saved of widgets; None as long as nothing is, or half of it."""
    with suppress(NotJSONError):
        return nbformat.read(host.path(NAME), 4).metadata.get("widgets")
    return None


@IN_JUPYTER
def test_it_opens_on_a_fresh_kernel_with_the_view_it_was_saved_with(
    page: Page, host: Host, saved: Saved
) -> None:
    explorer = host.open_again(page, NAME).explorer(1)
    assert (explorer.neuron, explorer.pixels("TTT")) == saved
    _nobody_answers(explorer)
    assert (explorer.neuron, explorer.pixels("TTT")) == saved
    host.end_kernel(NAME)


@IN_JUPYTER_LAB_FIRST
def test_a_kernel_that_is_shut_down_is_missed_at_the_next_click(
    page: Page, host: Host, saved: Saved, keep_picture: Callable[[ShownExplorer, str], None]
) -> None:
    explorer = host.open_again(page, NAME).explorer(1)
    host.end_kernel(NAME)
    _nobody_answers(explorer)
    keep_picture(explorer, "no_kernel")
    assert (explorer.neuron, explorer.pixels("TTT")) == saved


@IN_JUPYTER_LAB_FIRST
def test_where_no_widget_may_run_the_picture_stands_in(
    page: Page, host: Host, saved: Saved
) -> None:
    notebook = nbformat.read(host.path(NAME), 4)
    notebook.cells[1].source += "  # changed by a stranger, so that the notebook is not trusted"
    del notebook.metadata["widgets"]
    nbformat.write(notebook, host.path("stranger"))
    host.open_again(page, "stranger")
    picture = page.locator(".jp-OutputArea img")
    picture.wait_for(timeout=PATIENCE)
    assert picture.evaluate("image => image.naturalWidth") > 700
    assert page.locator(".dcs-root").count() == 0
    host.end_kernel("stranger")


@IN_MARIMO
def test_a_kernel_that_died_is_missed_at_the_next_click(page: Page, host: Host) -> None:
    notebook = host.open(page, NAME, [IMPORT, "ds.Explorer(layer='conv3_3')", DIES])
    notebook.run(0)
    assert "ready" in notebook.output(0)
    notebook.run(1)
    explorer = notebook.explorer(1)
    before = explorer.neuron, explorer.pixels("TTT")
    notebook.run(2)
    _nobody_answers(explorer)
    assert (explorer.neuron, explorer.pixels("TTT")) == before


def _nobody_answers(explorer: ShownExplorer) -> None:
    x, y = explorer.tile_point(1, 1, 0.5, 0.5)
    explorer.page.mouse.click(x, y)
    explorer.wait(lambda: "no kernel" in explorer.status, "the line about the kernel")
    assert explorer.attribute("busy") == "false"
