"""What stands beside the pictures is reached with Tab and used with Enter, no pointer ever needed."""

from __future__ import annotations

import pytest

from .hosts import IN_LAB
from .notebook import Notebook
from .opened import pin_two
from .patience import PATIENCE
from .shown_explorer import ShownExplorer
from .slow_network import SLOW
from .small_network import exemplars_cell

pytestmark = [pytest.mark.browser, IN_LAB]


def _tab_to(explorer: ShownExplorer, name: str) -> None:
    """Press Tab until what has the focus bears a name that begins so."""
    for _ in range(120):
        explorer.page.keyboard.press("Tab")
        if explorer.focused.startswith(name):
            return
    raise AssertionError(f"Tab does not come to {name!r}")


def test_pins_are_compared_and_taken_away(explorer: ShownExplorer) -> None:
    pin_two(explorer)
    pinned = explorer.root.locator(".dcs-pins .dcs-pin")
    for _ in range(2):
        _tab_to(explorer, "compare")
        explorer.page.keyboard.press("Enter")
    compared = explorer.root.locator(".dcs-comparison canvas[data-side]")
    explorer.wait(lambda: compared.count() == 6, "the comparison")
    explorer.focus()
    _tab_to(explorer, "close the comparison")
    explorer.page.keyboard.press("Enter")
    explorer.wait(lambda: compared.count() == 0 or not compared.first.is_visible(), "it to close")
    explorer.focus()
    _tab_to(explorer, "unpin")
    explorer.page.keyboard.press("Enter")
    explorer.wait(lambda: pinned.count() == 1, "one pin")


def test_the_address_is_copied_and_a_refusal_dismissed(explorer: ShownExplorer) -> None:
    explorer.focus()
    _tab_to(explorer, "address of this place")
    explorer.page.keyboard.type("nowhere")
    explorer.page.keyboard.press("Enter")
    alert = explorer.root.get_by_role("alert")
    explorer.wait(alert.is_visible, "the refusal")
    _tab_to(explorer, "dismiss")
    explorer.page.keyboard.press("Enter")
    explorer.wait(lambda: not alert.is_visible(), "it to go")
    explorer.press("]")  # the focus went back to the explorer
    _tab_to(explorer, "copy the address")
    explorer.page.keyboard.press("Enter")
    copied = explorer.root.get_by_role("button", name="copy the address")
    explorer.wait(lambda: copied.inner_text() == "copied", "word that it is copied")
    assert explorer.neuron in explorer.page.evaluate("navigator.clipboard.readText()")


def test_a_picture_is_opened_and_a_step_of_the_way_back_enlarged(explorer: ShownExplorer) -> None:
    explorer.focus()
    _tab_to(explorer, "Open…")
    with explorer.page.expect_file_chooser():
        explorer.next_frame()  # until the browser is told to hand the chooser over
        explorer.page.keyboard.press("Enter")
    _tab_to(explorer, "way back")
    explorer.page.keyboard.press("Space")
    steps = explorer.root.locator(".dcs-step")
    explorer.wait(lambda: steps.count() > 5, "the strip")
    names = [name.split(":")[0] for name in steps.all_inner_texts()]
    _tab_to(explorer, names[0])
    explorer.page.keyboard.press("ArrowRight")
    enlarged = explorer.root.get_by_role("region", name="enlarged step")
    explorer.wait(enlarged.is_visible, "the enlarged step")
    explorer.page.keyboard.press("Escape")
    explorer.wait(lambda: not enlarged.is_visible(), "it to close")


def test_an_exemplar_is_opened(notebook: Notebook) -> None:
    explorer = notebook.show(exemplars_cell())
    cards = explorer.root.locator(".dcs-exemplars button[data-image]")
    explorer.wait(lambda: cards.count() == 9, "the exemplars")
    third = cards.nth(2).get_attribute("aria-label") or ""
    explorer.focus()
    _tab_to(explorer, third)
    before = explorer.shown
    explorer.page.keyboard.press("Enter")
    explorer.answered(before)
    assert explorer.root.locator(".dcs-image h3").inner_text() in third


def test_long_work_is_given_up(notebook: Notebook) -> None:
    explorer = notebook.show(SLOW)
    before = explorer.neuron
    explorer.focus()
    _tab_to(explorer, "Chelsea")
    explorer.page.keyboard.press("ArrowRight")
    explorer.root.get_by_role("button", name="Cancel").wait_for(timeout=PATIENCE)
    _tab_to(explorer, "Cancel")
    explorer.page.keyboard.press("Enter")
    explorer.wait(lambda: "cancelled" in explorer.status, "word that it is cancelled")
    explorer.settle()
    assert explorer.neuron == before


def test_a_network_is_taken_when_it_is_meant(explorer: ShownExplorer) -> None:
    networks = explorer.root.get_by_role("combobox", name="network")
    before = explorer.shown
    network = networks.input_value()
    explorer.focus()
    _tab_to(explorer, "network")
    explorer.page.keyboard.press("ArrowDown")
    explorer.assert_not_asked((*before[:2], networks.input_value(), *before[3:]))
    assert networks.input_value() != network
    chosen = networks.input_value()
    explorer.page.keyboard.press("Enter")
    explorer.wait(lambda: explorer.neuron.split("/")[0] != before[1].split("/")[0], "the network")
    explorer.settle()
    assert networks.input_value() == chosen


def test_after_a_choice_by_pointer_arrows_move_the_neuron(explorer: ShownExplorer) -> None:
    networks = explorer.root.get_by_role("combobox", name="network")
    networks.focus()
    networks.dispatch_event("pointerdown")
    explorer.choose_network("mobilenet_v2")
    explorer.settle()
    order = explorer.root.get_by_role("combobox", name="order of the channels")
    order.focus()
    order.dispatch_event("pointerdown")
    order.select_option("variance")
    explorer.next_frame()
    channel = explorer.neuron.split("@")[0]
    explorer.press("ArrowLeft")
    assert explorer.neuron.split("@")[0] == channel
    assert networks.input_value() == "mobilenet_v2"
    assert order.input_value() == "variance"
