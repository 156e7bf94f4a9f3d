"""What is chosen while another layer or network is on its way is what was drawn, or nothing: never a mixture."""

from __future__ import annotations

import pytest

from .hosts import IN_LAB
from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ATLAS, ShownExplorer

pytestmark = [pytest.mark.browser, IN_LAB]

AT_ONCE = """(root, [layer, atlas, clientX, clientY]) => {
    root.querySelector(layer).click();
    root.querySelector(atlas).dispatchEvent(new MouseEvent("click", {clientX, clientY, bubbles: true}));
}"""
"""Clicks on a layer and on the atlas before anything can be answered."""


def test_a_click_on_the_atlas_picks_what_the_atlas_shows(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    explorer.come_to_rest()
    before = explorer.shown
    point = explorer.tile_point(1, 2, 0.4, 0.6)
    explorer.root.evaluate(AT_ONCE, ['.dcs-layer[data-layer="features.28"]', ATLAS, *point])
    explorer.answered(before)
    neuron = oracle.neuron(explorer.neuron)
    order = oracle.strongest_channels("features.14")
    assert (neuron.layer, neuron.channel) == ("features.14", order[explorer.atlas_columns + 2])
    assert neuron.y is not None
    assert neuron.x is not None
    assert abs(neuron.y + 0.5 - 0.4 * 56) < 2.5
    assert abs(neuron.x + 0.5 - 0.6 * 56) < 2.5
    assert not explorer.root.get_by_role("alert").is_visible()
    oracle.assert_drawn(neuron, "TTT", *explorer.pixels("TTT"))


def test_keys_behind_a_choice_end_at_one_place_whenever_it_is_answered(notebook: Notebook) -> None:
    explorer = notebook.show("ds.Explorer()")
    reached = []
    for answered_first in (True, False, False):  # the second time the network is in memory
        explorer.choose_network("mobilenet_v2")
        explorer.focus()
        for key in (".", ",", ".", "ArrowRight", "]"):
            if answered_first:
                explorer.settle()
            explorer.page.keyboard.press(key)
        explorer.settle()
        assert not explorer.root.get_by_role("alert").is_visible()
        reached.append((explorer.neuron, explorer.pixels("TTT")))
        explorer.choose_network("vgg16_trunk")
        explorer.settle()
        assert explorer.neuron.startswith("features.29/")
    assert reached[0] == reached[1] == reached[2]
