"""Pins and links: views kept, brought back and compared; explorers that follow each other."""

from __future__ import annotations

import base64
import gc
import io
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn
from traitlets import TraitError

import deconvscope as ds
from deconvscope.explorer.inputs.images import OWN_KEPT
from deconvscope.explorer.panels.pins import MOST_PINS
from deconvscope.models import Model, Preprocessing, from_module

from .recorded_browser import SOON, Browser, RecordedComm

HERE = "small/features.3/2@5,6?TTT#chelsea"
THERE = "small/features.0/1@20,30?FTT,TTT#coffee"


def until(told: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SOON
    while not told():
        assert time.monotonic() < end, what
        time.sleep(0.005)


# ---------------------------------------------------------------- pins


def test_the_shown_view_is_pinned_at_once(explorer: ds.Explorer, comm: RecordedComm) -> None:
    explorer.address = HERE
    assert explorer.pin() == HERE
    assert explorer.pins == (HERE,)
    (told,) = comm.sent[-1]["_pins"] if "_pins" in comm.sent[-1] else comm.sent[-2]["_pins"]
    assert (told["address"], told["title"]) == (HERE, "chelsea · features.3")
    assert told["place"] == "2@5,6"
    (thumbnail,) = told["thumbnails"]
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


def test_a_pin_that_cannot_be_visited_stands_for_itself(browser: Browser) -> None:
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


# ---------------------------------------------------------------- links


@pytest.fixture
def other(small_model: Model) -> Iterator[ds.Explorer]:
    made = ds.Explorer(small_model, image="coffee", architectures="TTT", comm=RecordedComm())
    yield made
    made.close()


def test_linked_explorers_show_one_place_each_in_its_own_way(
    explorer: ds.Explorer, other: ds.Explorer
) -> None:
    explorer.select("features.3", 2, 5, 6)
    link = explorer.link(other)
    assert other.neuron == explorer.neuron == ds.Neuron("features.3", 2, 5, 6)
    assert other.address.endswith("?TTT#coffee")
    explorer.select("features.1", 1, 2, 3)
    assert other.neuron == ds.Neuron("features.1", 1, 2, 3)
    other.channel = 3
    assert explorer.neuron == ds.Neuron("features.1", 3, 2, 3)
    link.unlink()
    link.unlink()
    other.channel = 0
    assert explorer.channel == 3


def test_a_link_leads_no_circle(explorer: ds.Explorer, other: ds.Explorer, impatient: None) -> None:
    third = ds.Explorer(other.model, image="rocket", comm=RecordedComm())
    links = [explorer.link(other), other.link(third), third.link(explorer)]
    for y in range(12):
        (explorer, other, third)[y % 3].select("features.3", 1, y, y)
    last, all_three = ds.Neuron("features.3", 1, 11, 11), (explorer, other, third)
    until(lambda: all(one.neuron == last for one in all_three), "not followed")
    time.sleep(0.1)
    assert {one.y for one in (explorer, other, third)} == {11}
    for link in links:
        link.unlink()
    third.close()


def test_a_place_that_the_other_lacks_is_told_and_skipped(
    explorer: ds.Explorer, comm: RecordedComm
) -> None:
    small = from_module(
        nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()).eval(),
        preprocess=Preprocessing(size=32, resize=32),
        name="other",
    )
    other = ds.Explorer(small, comm=RecordedComm())
    before = other.address
    explorer.link(other)
    explorer.select("features.4", 5, 2, 3)
    assert other.address == before
    assert "features.4" in other._failure["message"]
    other.channel = 1
    assert "not followed" in explorer._failure["message"]
    other.close()
    explorer.select("features.3", 1, 1, 1)  # the link ended with it


def test_layers_that_go_by_one_label_are_the_same_place(comm: RecordedComm) -> None:
    class ByLabel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1_1 = nn.Conv2d(3, 64, 3, padding=1)

        def forward(self, x: Any) -> Any:
            return self.conv1_1(x).relu()

    trunk, other = ds.Explorer(layer="conv1_1"), ds.Explorer(ByLabel().eval())
    trunk.link(other)
    trunk.select("conv1_1", 7, 20, 30)
    assert other.neuron == ds.Neuron("conv1_1", 7, 20, 30)
    other.channel = 9
    assert trunk.neuron == ds.Neuron("features.0", 9, 20, 30)
    trunk.close()
    other.close()


def test_explorers_moved_at_once_from_two_threads_come_to_rest(
    explorer: ds.Explorer, other: ds.Explorer, impatient: None
) -> None:
    explorer.link(other)

    def walk(one: ds.Explorer, channel: int) -> None:
        for y in range(15):
            one.select("features.3", channel, y, y)

    threads = [
        threading.Thread(target=walk, args=(one, channel), daemon=True)
        for one, channel in ((explorer, 1), (other, 2))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive(), "each waits for the other"
    explorer.select("features.3", 0, 3, 3)
    until(lambda: other.neuron == ds.Neuron("features.3", 0, 3, 3), "not followed")


@pytest.mark.parametrize("wrong", [None, 3, "self"])
def test_only_another_explorer_can_be_linked(explorer: ds.Explorer, wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        explorer.link(explorer if wrong == "self" else wrong)


def test_closing_one_end_frees_both(small_model: Model) -> None:
    first, second = ds.Explorer(small_model), ds.Explorer(small_model)
    first.link(second)
    first.close()
    assert second.channel is not None
    second.close()
    dead = weakref.ref(first), weakref.ref(second)
    del first, second
    gc.collect()
    assert [one() for one in dead] == [None, None]
