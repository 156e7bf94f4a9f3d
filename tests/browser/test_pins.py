"""Pinned places are brought back by a click, and two of them are compared."""

from __future__ import annotations

import pytest

from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser


def _pins(explorer: ShownExplorer) -> list[str]:
    found = explorer.root.locator(".dcs-pins .dcs-pin").evaluate_all(
        "all => all.map(one => one.dataset.address)"
    )
    return [str(one) for one in found]


def _two_pins(explorer: ShownExplorer) -> tuple[str, str]:
    """Pin this place with the key and another with the button; return the neurons."""
    first = explorer.neuron
    explorer.focus()
    explorer.page.keyboard.press("p")
    explorer.wait(lambda: len(_pins(explorer)) == 1, "the pin")
    explorer.click_tile(2, 2, 0.5, 0.5)
    explorer.root.get_by_role("button", name="Pin this").click()
    explorer.wait(lambda: len(_pins(explorer)) == 2, "the second pin")
    thumbnails = explorer.root.locator(".dcs-pin img")
    explorer.wait(lambda: thumbnails.count() == 6, "the thumbnails")
    return first, explorer.neuron


def test_a_pin_leads_back_and_is_taken_away(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    first, second = _two_pins(explorer)
    addresses = _pins(explorer)
    assert first in addresses[0]
    assert second in addresses[1]
    widths = explorer.root.locator(".dcs-pin img").evaluate_all(
        "all => all.map(one => one.naturalWidth)"
    )
    assert all(0 < width <= 64 for width in widths)
    before = explorer.shown
    explorer.root.locator(".dcs-pin-back").first.click()
    explorer.answered(before)
    assert explorer.neuron == first
    oracle.assert_drawn(oracle.neuron(first), "TTT", *explorer.pixels("TTT"))
    told = notebook.answer(2, "str(list(ex.pins))")
    assert all(address in told for address in addresses)
    explorer.root.locator(".dcs-unpin").first.click()
    explorer.wait(lambda: _pins(explorer) == addresses[1:], "the pin to go")


def test_two_pins_are_compared_side_by_side(explorer: ShownExplorer, oracle: Oracle) -> None:
    neurons = _two_pins(explorer)
    for button in explorer.root.locator(".dcs-compare").all():
        button.click()
    compared = explorer.root.locator(".dcs-comparison canvas[data-side]")
    explorer.wait(lambda: compared.count() == 6, "the comparison")
    for side, neuron in enumerate(neurons):
        drawn = explorer.drawn(f'.dcs-comparison canvas[data-side="{side}"][data-compared="TTT"]')
        oracle.assert_drawn(oracle.neuron(neuron), "TTT", *drawn)
    explorer.root.get_by_role("button", name="close the comparison").click()
    explorer.wait(lambda: compared.count() == 0 or not compared.first.is_visible(), "it to close")


def test_python_pins_too(notebook: Notebook, explorer: ShownExplorer) -> None:
    notebook.write(2, "ex.pins = ['vgg16_trunk/conv4_3/433@10,9', ex.address]")
    notebook.run(2)
    explorer.wait(lambda: len(_pins(explorer)) == 2, "the pins")
    notebook.write(2, "ex.pins = []")
    notebook.run(2)
    explorer.wait(lambda: _pins(explorer) == [], "no pins")
