"""Pinned places are brought back by a click, and two of them are compared."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Locator

from .hosts import IN_LAB
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


@IN_LAB
def test_one_pin_too_many_is_refused_with_a_line(
    notebook: Notebook, explorer: ShownExplorer
) -> None:
    notebook.write(
        2, "ex.pins = [f'vgg16_trunk/features.14/{n}@9,9?TTT#chelsea' for n in range(24)]"
    )
    notebook.run(2)
    explorer.wait(lambda: len(_pins(explorer)) == 24, "the pins")
    full = _pins(explorer)
    explorer.focus()
    explorer.page.keyboard.press("p")
    alert = explorer.root.get_by_role("alert")
    explorer.wait(lambda: alert.is_visible() and "24" in alert.inner_text(), "the refusal")
    assert _pins(explorer) == full
    assert notebook.answer(3, "str(len(ex.pins))").strip("'\"").endswith("24")
    explorer.root.locator(".dcs-unpin").first.click()
    explorer.wait(lambda: len(_pins(explorer)) == 23, "one pin less, as the line advises")
    explorer.focus()
    explorer.page.keyboard.press("p")
    explorer.wait(lambda: len(_pins(explorer)) == 24, "the pin that was refused")
    assert _pins(explorer)[:23] == full[1:]


@IN_LAB
def test_two_displays_show_one_comparison(notebook: Notebook, explorer: ShownExplorer) -> None:
    other = notebook.show("ex", 2)
    _two_pins(explorer)
    other.wait(lambda: len(_pins(other)) == 2, "the pins")
    explorer.root.locator(".dcs-compare").first.click()
    other.root.locator(".dcs-compare").last.click()
    for display in (explorer, other):
        compared = display.root.locator(".dcs-comparison canvas[data-side]")
        display.wait(partial(_are, compared, 6), "the comparison")
        pressed = display.root.locator(".dcs-compare[aria-pressed=true]")
        assert pressed.count() == 2
    other.root.get_by_role("button", name="close the comparison").click()
    chosen = explorer.root.locator(".dcs-compare[aria-pressed=true]")
    explorer.wait(partial(_are, chosen, 0), "nothing to be chosen")
    explorer.root.locator(".dcs-compare").first.click()
    other.wait(partial(_are, other.root.locator(".dcs-compare[aria-pressed=true]"), 1), "a choice")
    notebook.write(3, "ex.pins = ex.pins[1:]")
    notebook.run(3)
    explorer.wait(lambda: len(_pins(explorer)) == 1, "one pin")
    explorer.wait(partial(_are, chosen, 0), "nothing to be half chosen")


def _are(found: Locator, count: int) -> bool:
    return found.count() == count
