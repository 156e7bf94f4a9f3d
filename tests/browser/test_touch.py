"""The same with a finger, on a small screen."""

from __future__ import annotations

import pytest

from .conftest import EXPLORER
from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer

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
        phone.page.wait_for_timeout(30)
    tools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.assert_not_asked(before)
