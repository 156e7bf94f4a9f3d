"""The same with a finger, on a small screen."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Locator

from . import picture_files
from .conftest import EXPLORER
from .hosts import IN_LAB
from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer
from .slow_network import SLOW

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(own_notebook: Notebook) -> ShownExplorer:
    return own_notebook.show(EXPLORER)


def test_taps_pick_neurons_and_press_buttons(phone: ShownExplorer, oracle: Oracle) -> None:
    order = oracle.strongest_channels("features.14")
    phone.root.evaluate("root => { root.parentElement.style.maxWidth = '380px' }")
    phone.next_frame()
    assert phone.root.evaluate("root => root.scrollWidth <= root.clientWidth")
    before = phone.shown
    phone.page.touchscreen.tap(*phone.tile_point(0, 1, 0.3, 0.6))
    phone.answered(before)
    neuron = oracle.neuron(phone.neuron)
    assert neuron.channel == order[1]
    oracle.assert_drawn(neuron, "TTT", *phone.pixels("TTT"))
    box, before = phone.box(".dcs-image canvas"), phone.shown
    phone.page.touchscreen.tap(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    phone.answered(before)
    assert oracle.neuron(phone.neuron).channel == order[1]
    phone.root.locator(".dcs-segment", has_text="whole image").tap()
    phone.wait(lambda: phone.pixels("TTT")[:2] == (224, 224), "the whole image")
    before = phone.shown
    phone.root.locator('.dcs-layer[data-layer="features.21"]').tap()
    phone.answered(before)
    assert phone.neuron.startswith("features.21/")


def test_a_finger_scrolls_the_page_not_the_neuron(phone: ShownExplorer) -> None:
    before = phone.shown
    box = phone.box(".dcs-atlas canvas")
    x, y = box["x"] + box["width"] / 2, box["y"] + min(200, box["height"] - 10)
    tools = phone.page.context.new_cdp_session(phone.page)
    for kind, at in (("touchStart", y), ("touchMove", y - 60), ("touchMove", y - 120)):
        points = [{"x": x, "y": at}]
        tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        phone.next_frame()
    tools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.assert_not_asked(before)


@IN_LAB
def test_places_are_pinned_compared_and_taken_away_by_taps(phone: ShownExplorer) -> None:
    pins = phone.root.locator(".dcs-pins .dcs-pin")
    for number in (1, 2):
        before = phone.shown
        phone.page.touchscreen.tap(*phone.tile_point(number, number, 0.4, 0.4))
        phone.answered(before)
        phone.root.get_by_role("button", name="Pin this").tap()
        phone.wait(partial(_are, pins, number), "the pin")
    for button in phone.root.locator(".dcs-compare").all():
        button.tap()
    compared = phone.root.locator(".dcs-comparison canvas[data-side]")
    phone.wait(partial(_are, compared, 6), "the comparison")
    phone.root.get_by_role("button", name="close the comparison").tap()
    phone.wait(lambda: compared.count() == 0 or not compared.first.is_visible(), "it to close")
    before = phone.shown
    phone.root.locator(".dcs-pin-back").first.tap()
    phone.answered(before)
    phone.root.locator(".dcs-unpin").first.tap()
    phone.wait(partial(_are, pins, 1), "one pin")


@IN_LAB
def test_help_gain_address_and_way_back_obey_taps(phone: ShownExplorer) -> None:
    card = phone.root.get_by_role("dialog", name="keys and help")
    phone.root.get_by_role("button", name="keys and help").tap()
    phone.wait(card.is_visible, "the card")
    card.get_by_role("button", name="close").tap()
    phone.wait(lambda: not card.is_visible(), "it to close")

    gain = phone.root.get_by_role("slider", name="gain")
    box = phone.box(".dcs-gain input[type=range]")
    before = phone.pixels("TTT")
    phone.page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    phone.wait(lambda: float(gain.input_value()) > 1, "the gain")
    phone.next_frame()
    assert phone.pixels("TTT") != before

    field = phone.root.get_by_role("textbox", name="address of this place")
    field.tap()
    field.fill("vgg16_trunk/conv4_3/433@10,9")
    phone.press("Enter")
    assert phone.neuron == "features.21/433@10,9"
    copy = phone.root.get_by_role("button", name="copy the address")
    copy.tap()
    phone.wait(lambda: copy.inner_text() == "copied", "word that it is copied")

    phone.root.get_by_role("button", name="way back").tap()
    steps = phone.root.locator(".dcs-step")
    phone.wait(lambda: steps.count() > 5, "the strip")
    steps.nth(2).tap()
    enlarged = phone.root.get_by_role("region", name="enlarged step")
    phone.wait(enlarged.is_visible, "the enlarged step")
    enlarged.get_by_role("button", name="close").tap()
    phone.wait(lambda: not enlarged.is_visible(), "it to close")


@IN_LAB
def test_a_picture_is_opened_and_long_work_given_up_by_taps(
    phone: ShownExplorer, own_notebook: Notebook
) -> None:
    file = picture_files.good()[0]
    before = phone.shown
    phone.choose(file, lambda button: button.tap())
    phone.answered(before)
    assert phone.root.locator(".dcs-image h3").inner_text() == file.name
    slow = own_notebook.show(SLOW)
    neuron = slow.neuron
    slow.root.get_by_role("radio", name="espresso").tap()
    cancel = slow.root.get_by_role("button", name="Cancel")
    slow.wait(cancel.is_visible, "the button")
    cancel.tap()
    slow.wait(lambda: "cancelled" in slow.status, "word that it is cancelled")
    slow.settle()
    assert slow.neuron == neuron


def _are(found: Locator, count: int) -> bool:
    return found.count() == count
