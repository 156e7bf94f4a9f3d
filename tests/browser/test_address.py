"""The address of a place: copied, pasted, refused."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Locator

from .oracle import Oracle
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

REFUSED = {
    "nonsense": "no address",
    "vgg16_trunk/conv9_9/1@0,0": "conv9_9",
    "vgg16_trunk/conv3_3/9999@0,0": "9999",
    "vgg17/conv3_3/1@0,0": "vgg17",
}
"""Addresses, and what the person is told of each."""


@pytest.fixture
def field(explorer: ShownExplorer) -> Locator:
    return explorer.root.get_by_role("textbox", name="address of this place")


def test_it_is_copied_and_leads_back(
    explorer: ShownExplorer, field: Locator, oracle: Oracle
) -> None:
    place = explorer.neuron
    explorer.root.get_by_role("button", name="copy the address").click()
    explorer.wait(lambda: "copied" in _header(explorer), "word that it is copied")
    copied = explorer.page.evaluate("navigator.clipboard.readText()")
    assert copied == field.input_value()
    assert place in copied
    explorer.click_tile(2, 2, 0.5, 0.5)
    assert explorer.neuron != place
    assert field.input_value() != copied
    field.click()
    explorer.page.keyboard.press("Control+v")
    assert field.input_value() == copied
    explorer.press("Enter")
    assert explorer.neuron == place
    oracle.assert_drawn(oracle.neuron(place), "TTT", *explorer.pixels("TTT"))


def test_one_pasted_anywhere_is_gone_to(explorer: ShownExplorer) -> None:
    explorer.page.evaluate("navigator.clipboard.writeText('vgg16_trunk/conv4_3/433@10,9')")
    explorer.focus()
    explorer.press("Control+v")
    assert explorer.neuron == "features.21/433@10,9"


def test_labels_and_architectures_are_understood(
    explorer: ShownExplorer, field: Locator, oracle: Oracle
) -> None:
    field.fill("vgg16_trunk/conv4_3/433@10,9?DeSaliNet,TFT")
    explorer.press("Enter")
    assert explorer.neuron == "features.21/433@10,9"
    for code in ("TTT", "TFT"):
        oracle.assert_drawn(oracle.neuron(explorer.neuron), code, *explorer.pixels(code))
    assert explorer.root.locator(".dcs-panel").count() == 2


def test_one_that_leads_nowhere_is_refused_and_the_view_stays(
    explorer: ShownExplorer, field: Locator
) -> None:
    before = explorer.neuron, explorer.pixels("TTT")
    alert = explorer.root.get_by_role("alert")
    for address, told in REFUSED.items():
        field.fill(address)
        explorer.page.keyboard.press("Enter")
        explorer.wait(partial(_says, alert, told), f"the refusal of {address}")
        explorer.settle()
        assert (explorer.neuron, explorer.pixels("TTT")) == before
    explorer.click_tile(1, 1, 0.5, 0.5)
    assert alert.count() == 0 or not alert.is_visible()


def _says(alert: Locator, text: str) -> bool:
    return alert.is_visible() and text in alert.inner_text()


def _header(explorer: ShownExplorer) -> str:
    return str(explorer.root.locator(".dcs-header").inner_text())
