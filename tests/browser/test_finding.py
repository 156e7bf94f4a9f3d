"""Layers are searched, the pointer alone leads in live mode, and linked explorers go together."""

from __future__ import annotations

import pytest

from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser


def test_layers_are_found_by_name_and_kind(explorer: ShownExplorer) -> None:
    field = explorer.root.locator(".dcs-search input")
    layers = explorer.root.locator(".dcs-layer")
    everything = layers.count()
    field.fill("pool")
    shown = layers.locator("visible=true")
    explorer.wait(lambda: shown.count() == 5, "the pools alone")
    field.fill("conv9")
    explorer.wait(lambda: shown.count() == 0, "no layers")
    assert "no such layer" in explorer.root.locator(".dcs-search").inner_text()
    explorer.page.keyboard.press("Escape")
    explorer.wait(lambda: shown.count() == everything, "all layers")
    field.fill("conv4_2")
    explorer.wait(lambda: shown.count() == 1, "the layer alone")
    explorer.press("Enter")
    assert explorer.neuron.startswith("features.19/")


def test_live_mode_follows_the_pointer_without_a_click(notebook: Notebook, oracle: Oracle) -> None:
    explorer = notebook.show("ds.Explorer(layer='conv2_2', live=True)")
    order = oracle.strongest_channels("features.7")
    assert explorer.root.get_by_role("checkbox", name="live").is_checked()
    explorer.page.mouse.move(*explorer.tile_point(1, 1, 0.4, 0.4))
    channel = order[explorer.atlas_columns + 1]
    explorer.wait(lambda: oracle.neuron(explorer.neuron).channel == channel, "the neuron")
    explorer.settle()
    oracle.assert_drawn(oracle.neuron(explorer.neuron), "TTT", *explorer.pixels("TTT"))
    explorer.root.get_by_role("checkbox", name="live").click()
    explorer.wait_for_attribute("live", "")
    shown = explorer.shown
    explorer.page.mouse.move(*explorer.tile_point(0, 2, 0.4, 0.4))
    explorer.wait(lambda: explorer.tooltip != "", "the tooltip")
    explorer.assert_not_asked(shown)


def test_linked_explorers_show_one_place_in_two_images(notebook: Notebook) -> None:
    first = notebook.show("ex = ds.Explorer(layer='conv3_3')\nex", 1)
    second = notebook.show("other = ds.Explorer(image='coffee', layer='conv3_3')\nother", 2)
    assert first.neuron != second.neuron
    notebook.write(3, "link = ex.link(other)")
    notebook.run(3)
    notebook.wait(lambda: second.neuron == first.neuron, "the second to follow")
    first.click_tile(1, 2, 0.3, 0.6)
    notebook.wait(lambda: second.neuron == first.neuron, "the second to follow")
    second.click_tile(2, 1, 0.6, 0.3)
    notebook.wait(lambda: second.neuron == first.neuron, "the first to follow")
    assert first.pixels("TTT") != second.pixels("TTT")
