"""A cell is run, and without any click there are the photograph, the maps and three pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from .jupyter_lab import JupyterLab
from .notebook import Notebook
from .oracle import Oracle

pytestmark = pytest.mark.browser

CELL = "import deconvscope as ds\nds.Explorer()"


def test_the_first_view_needs_no_click(
    page: Page, lab: JupyterLab, oracle: Oracle, screenshots: Path
) -> None:
    notebook = Notebook.of(page, lab, "first", [CELL])
    notebook.run(0)
    explorer = notebook.explorer()
    neuron = oracle.neuron(explorer.neuron)
    assert neuron.layer == "features.29"
    assert oracle.value(neuron) == oracle.recording["features.29"].max()
    assert f"neuron {neuron.channel} at ({neuron.y}, {neuron.x})" in explorer.status
    for code in ("FTT", "saliency", "TTT"):
        oracle.assert_drawn(neuron, code, *explorer.pixels(code))
    for canvas in (".dcs-image canvas", ".dcs-atlas canvas"):
        assert explorer.colours(canvas) > 50
    explorer.root.screenshot(path=screenshots / "light.png")


def test_it_follows_a_dark_theme_and_a_narrow_page(
    page: Page, lab: JupyterLab, screenshots: Path
) -> None:
    notebook = Notebook.of(page, lab, "dark", [CELL])
    notebook.run(0)
    explorer = notebook.explorer()
    notebook.use_theme("JupyterLab Dark")
    notebook.wait(lambda: explorer.attribute("dcs-theme") == "dark", "the dark theme")
    page.wait_for_timeout(500)
    explorer.root.screenshot(path=screenshots / "dark.png")
    page.set_viewport_size({"width": 700, "height": 1150})
    page.keyboard.press("Control+b")
    page.wait_for_timeout(500)
    frame, root = notebook.frame(0), explorer.box_of_root()
    assert root["x"] >= frame["x"]
    assert root["x"] + root["width"] <= frame["x"] + frame["width"] + 1
    assert explorer.root.evaluate("root => root.scrollWidth <= root.clientWidth")
    explorer.root.screenshot(path=screenshots / "narrow.png")
    page.set_viewport_size({"width": 1500, "height": 1150})
    notebook.use_theme("JupyterLab Light")
    notebook.wait(lambda: explorer.attribute("dcs-theme") == "light", "the light theme")
