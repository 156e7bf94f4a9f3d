"""Several explorers in a notebook, several displays of one, and cells run again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from .jupyter_lab import JupyterLab
from .notebook import Notebook
from .oracle import Oracle

pytestmark = pytest.mark.browser


def test_two_explorers_do_not_disturb_each_other(
    page: Page, lab: JupyterLab, oracle: Oracle
) -> None:
    cells = [
        "import deconvscope as ds\nds.Explorer(layer='conv3_3')",
        "ds.Explorer(layer='conv4_3', architectures=['TTT'])",
    ]
    notebook = Notebook.of(page, lab, "two", cells)
    notebook.run(0)
    first = notebook.explorer(0)
    notebook.run(1)
    second = notebook.explorer(1)
    alone = first.neuron, first.status, first.pixels("TTT")
    second.click_tile(1, 1, 0.5, 0.5)
    second.click_tile(0, 2, 0.3, 0.3)
    assert (first.neuron, first.status, first.pixels("TTT")) == alone
    other = second.neuron, second.status, second.pixels("TTT")
    first.click_tile(1, 2, 0.6, 0.4)
    assert (second.neuron, second.status, second.pixels("TTT")) == other
    assert first.neuron != alone[0]
    for explorer in (first, second):
        oracle.assert_drawn(oracle.neuron(explorer.neuron), "TTT", *explorer.pixels("TTT"))


def test_two_displays_of_one_explorer_show_one_state(page: Page, lab: JupyterLab) -> None:
    cells = ["import deconvscope as ds\nex = ds.Explorer(layer='conv3_3')\nex", "ex", "ex.neuron"]
    notebook = Notebook.of(page, lab, "twice", cells)
    notebook.run(0)
    first = notebook.explorer(0)
    notebook.run(1)
    second = notebook.explorer(1)
    second.click_tile(1, 1, 0.5, 0.5)
    notebook.wait(lambda: first.neuron == second.neuron, "the other display")
    first.click_tile(0, 2, 0.2, 0.2)
    notebook.wait(lambda: first.neuron == second.neuron, "the other display")
    assert first.pixels("TTT") == second.pixels("TTT")
    notebook.run(2)
    layer, place = first.neuron.split("/")
    channel, place = place.split("@")
    y, x = place.split(",")
    assert notebook.output(2).endswith(f"Neuron(layer='{layer}', channel={channel}, y={y}, x={x})")


def test_python_moves_what_is_shown(page: Page, lab: JupyterLab, oracle: Oracle) -> None:
    cells = [
        "import deconvscope as ds\nex = ds.Explorer(layer='conv3_3')\nex",
        "ex.neuron = ds.Neuron('conv4_3', 433, 10, 9)",
    ]
    notebook = Notebook.of(page, lab, "python", cells)
    notebook.run(0)
    explorer = notebook.explorer()
    notebook.run(1)
    notebook.wait(lambda: explorer.neuron == "features.21/433@10,9", "the neuron set from Python")
    oracle.assert_drawn(oracle.neuron(explorer.neuron), "TTT", *explorer.pixels("TTT"))
    explorer.click_tile(0, 1, 0.5, 0.5)
    assert explorer.neuron != "features.21/433@10,9"


def test_a_cell_run_again_leaves_nothing_behind(page: Page, lab: JupyterLab) -> None:
    cells = [
        "import deconvscope as ds\nds.Explorer(layer='conv3_3')",
        "import gc, ipywidgets\ngc.collect()\n"
        "sum(isinstance(o, ds.Recording) and not o.forgotten for o in gc.get_objects())",
    ]
    notebook = Notebook.of(page, lab, "again", cells)
    notebook.run(0)
    notebook.explorer().click_tile(0, 1, 0.5, 0.5)
    counts = []
    for _ in range(6):
        notebook.explorer().root.evaluate("root => { root.dataset.old = '' }")
        notebook.run(0)
        old = page.locator(".dcs-root[data-old]")
        notebook.wait(lambda old=old: old.count() == 0, "the old widget to go")
        explorer = notebook.explorer()
        explorer.click_tile(1, 1, 0.5, 0.5)
        assert page.locator(".dcs-root").count() == 1
        counts.append(notebook.left_alive())
    assert [roots for roots, _ in counts] == [1] * 6
    assert counts[-1][1] - counts[1][1] < 3  # JupyterLab's own come and go
    notebook.run(1)
    assert notebook.output(1).endswith("1")
