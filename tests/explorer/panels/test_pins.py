"""Pins: views that are kept, brought back and compared."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from traitlets import TraitError

import deconvscope as ds
from deconvscope.explorer.inputs.images import OWN_KEPT
from deconvscope.explorer.panels.pins import MOST_PINS

from ..recorded_browser import SOON, Browser, RecordedComm

HERE = "small/features.3/2@5,6?TTT#chelsea"
THERE = "small/features.0/1@20,30?FTT,TTT#coffee"


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def test_the_shown_view_is_pinned_at_once(explorer: ds.Explorer, comm: RecordedComm) -> None:
    explorer.address = HERE
    assert explorer.pin() == HERE
    assert explorer.pins == (HERE,)
    (received,) = comm.sent[-1]["_pins"] if "_pins" in comm.sent[-1] else comm.sent[-2]["_pins"]
    assert (received["address"], received["title"]) == (HERE, "chelsea · features.3")
    assert received["place"] == "2@5,6"
    (thumbnail,) = received["thumbnails"]
    head, data = thumbnail.split(",")
    assert head == "data:image/png;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    box = explorer.reconstructions.window
    assert picture.size == (box.width, box.height)
    explorer.pin()
    assert explorer.pins == (HERE,), "a place is pinned once"


def test_pins_of_places_not_seen_are_visited_while_nothing_is_asked(browser: Browser) -> None:
    explorer = browser.explorer
    before = explorer.address
    browser.send({"pins": [THERE, HERE]})
    assert explorer.pins == (THERE, HERE)
    until(lambda: all(pin["thumbnails"] for pin in explorer._pins), "no thumbnails came")
    assert [len(pin["thumbnails"]) for pin in explorer._pins] == [2, 1]
    assert [pin["title"] for pin in explorer._pins] == [
        "coffee · features.0",
        "chelsea · features.3",
    ]
    assert explorer.address == before
    browser.send({"pins": [HERE]})
    assert [pin["address"] for pin in explorer._pins] == [HERE]
    assert explorer._pins[0]["thumbnails"]


def test_a_pin_that_cannot_be_visited_shows_its_address(browser: Browser) -> None:
    explorer, nowhere = browser.explorer, "small/nowhere/7@1,2?TTT#chelsea"
    explorer.pins = [nowhere, HERE]
    until(lambda: explorer._pins[1]["thumbnails"], "the other was not visited")
    assert explorer._pins[0] == {
        "address": nowhere,
        "title": "chelsea · nowhere",
        "place": "7@1,2",
        "thumbnails": [],
    }


def test_an_own_image_stays_as_long_as_it_is_pinned(browser: Browser) -> None:
    explorer = browser.explorer

    def look_at_others() -> None:
        for level in range(OWN_KEPT + 1):
            explorer.image = np.full((40, 40, 3), level, np.uint8)

    explorer.image = np.full((40, 40, 3), 99, np.uint8)
    own = explorer.pin().split("#")[1]
    look_at_others()
    assert browser.ask(image=own)[-1]["_network"]["image"]["name"] == own
    explorer.pins = ()
    look_at_others()
    assert "open it again" in browser.ask(image=own)[-1]["_failure"]["message"]


@pytest.mark.parametrize(
    "pins",
    ["text", 3, None, ["no address"], [HERE, 3], [{}],
     [f"small/features.3/{i}" for i in range(MOST_PINS + 1)]],
)  # fmt: skip
def test_what_are_no_addresses_is_refused_and_the_pins_stay(browser: Browser, pins: Any) -> None:
    browser.explorer.pins = [HERE]
    with pytest.raises((TypeError, ValueError, TraitError)):
        browser.explorer.pins = pins
    browser.send({"pins": pins})
    assert browser.explorer.pins == (HERE,)


def test_pins_take_little_of_a_saved_notebook() -> None:
    explorer = ds.Explorer(layer="pool5", architectures=list(ds.EIGHT))
    explorer.pin()
    (pin,) = explorer._pins
    explorer.close()
    assert len(pin["thumbnails"]) == 8
    assert sum(map(len, pin["thumbnails"])) * MOST_PINS < 500_000
