"""A cell is run, and without any click there are the photograph, the maps and three pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from .hosts import IN_EVERY_HOST, IN_LAB
from .layout import narrow, overflowing, room
from .notebook import Notebook
from .opened import open_everything
from .oracle import Oracle
from .shown_explorer import ShownExplorer
from .small_network import exemplars_cell

pytestmark = pytest.mark.browser

WIDTHS = {"narrow": 360, "middle": 720, "wide": 1600}


def test_the_first_view_needs_no_click(notebook: Notebook, oracle: Oracle) -> None:
    explorer = notebook.show("ds.Explorer()")
    neuron = oracle.neuron(explorer.neuron)
    assert neuron.layer == "features.29"
    assert oracle.value(neuron) == oracle.recording["features.29"].max()
    assert f"neuron {neuron.channel} at ({neuron.y}, {neuron.x})" in explorer.status
    for code in ("FTT", "saliency", "TTT"):
        oracle.assert_drawn(neuron, code, *explorer.pixels(code))
    for canvas in (".dcs-image canvas", ".dcs-atlas canvas"):
        assert explorer.colours(canvas) > 50


@IN_EVERY_HOST
def test_it_follows_the_theme(
    notebook: Notebook, keep_picture: Callable[[ShownExplorer, str], None]
) -> None:
    explorer = notebook.show("ds.Explorer()")
    try:
        for theme in ("dark", "light"):
            notebook.use_theme(theme)
            explorer.wait_for_attribute("dcs-theme", theme)
            for canvas in (".dcs-image canvas", ".dcs-atlas canvas"):
                explorer.wait(
                    partial(_is_drawn, explorer, canvas), f"{canvas} in the {theme} theme"
                )
            keep_picture(explorer, theme)
            paper = explorer.look().getpixel((3, 3))
            assert isinstance(paper, tuple)
            assert (sum(paper) > 600) == (theme == "light")
    finally:
        notebook.use_theme("light")


def test_it_fits_its_place(
    notebook: Notebook, oracle: Oracle, keep_picture: Callable[[ShownExplorer, str], None]
) -> None:
    explorer = notebook.show("ds.Explorer(layer='conv4_3')")
    with room(notebook):
        for name, width in WIDTHS.items():
            narrow(explorer, width)
            keep_picture(explorer, name)
            assert overflowing(explorer) == []
            explorer.click_tile(1, 1, 0.5, 0.5)
            channel = oracle.strongest_channels("features.21")[explorer.atlas_columns + 1]
            assert oracle.neuron(explorer.neuron).channel == channel


@IN_LAB
def test_everything_open_fits_too_with_long_names(
    notebook: Notebook, keep_picture: Callable[[ShownExplorer, str], None]
) -> None:
    names = {
        "network": "network_of_a_student",
        "layer": "feature_extractor_with_residual_connections_",
        "image": "a_photograph_of_a_data_set_0000000000",
    }
    explorer = notebook.show(exemplars_cell(**names))
    open_everything(explorer)
    with room(notebook):
        for name, width in WIDTHS.items():
            narrow(explorer, width)
            keep_picture(explorer, f"{name}_open")
            assert overflowing(explorer) == [], name


def _is_drawn(explorer: ShownExplorer, canvas: str) -> bool:
    return explorer.box(canvas)["height"] > 100 and explorer.colours(canvas) > 50
