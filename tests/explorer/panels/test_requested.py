"""What is computed while nothing is asked: meters, random filters, comparisons, hovered neurons."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope import display
from deconvscope.experiments import randomised, similarity
from deconvscope.explorer.panels.pins import COMPARED, MOST_PINS
from deconvscope.explorer.panels.requested import TRAITS
from deconvscope.explorer.panels.sanity_checks import SAMPLES
from deconvscope.explorer.protocol.architectures import THREE
from deconvscope.models import Model, Preprocessing, from_module
from deconvscope.reversal import Recording

from ..recorded_browser import SOON, Browser, RecordedComm

PLACE = {"channel": 2, "y": 5, "x": 6}


def ask(browser: Browser, **aside: Any) -> None:
    browser.ask(layer="features.3", neuron=PLACE, aside=aside)


def until(condition: Any, what: str) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


# ---------------------------------------------------------------- meters


def test_a_meter_is_the_mean_similarity_to_the_other_channels_pictures(browser: Browser) -> None:
    ask(browser, meter=True)
    message = browser.wait_for("_meters", seq=1, samples=5)  # of six channels
    recording, codes = browser.explorer.recording, ("FTT", "saliency", "TTT")
    own = recording.reverse(ds.Neuron("features.3", 2, 5, 6), codes).dense()
    others = [
        recording.reverse(ds.Neuron("features.3", channel, 5, 6), codes).dense()
        for channel in (0, 1, 3, 4, 5)
    ]
    expected = [np.mean([similarity(own[i], other[i]) for other in others]) for i in range(3)]
    assert message["_meters"]["similarities"] == pytest.approx(expected, abs=1e-4)
    assert message["_meters"]["client"] == "browser"


def test_a_meter_grows_while_samples_come() -> None:
    comm = RecordedComm()
    explorer = ds.Explorer(layer="conv3_1", comm=comm)
    browser = Browser(explorer, comm, model="vgg16_trunk", layer="features.10")
    browser.ask(aside={"meter": True})
    browser.wait_for("_meters", samples=SAMPLES)
    grown = [message["_meters"]["samples"] for message in comm.sent if message.get("_meters")]
    assert grown == sorted(grown)
    assert len(grown) > 1
    explorer.close()


@pytest.mark.parametrize("displayed", ["by itself", "in a box"])
def test_a_view_has_meters_as_soon_as_it_is_displayed(browser: Browser, displayed: str) -> None:
    assert browser.explorer._meters == {}
    if displayed == "by itself":
        browser.explorer._repr_mimebundle_()
    else:
        browser.send({"_view_count": 1})
    message = browser.wait_for("_meters")
    view = browser.explorer._view
    assert [message["_meters"][key] for key in ("client", "seq")] == [view["client"], view["seq"]]


def test_an_empty_picture_has_no_meter(browser: Browser) -> None:
    activation = browser.explorer.recording["features.4"]
    channel, y, x = (activation == 0).nonzero()[0].tolist()
    silent = {"channel": channel, "y": y, "x": x}
    browser.ask(layer="features.4", neuron=silent, aside={"meter": True})
    similarities = browser.wait_for("_meters", seq=1)["_meters"]["similarities"]
    assert similarities[1:] == [None, None]  # SaliNet and DeSaliNet mask it, DeConvNet does not


def test_a_channel_without_others_is_shown_to_have_no_meter() -> None:
    alone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 1, 1)).eval()
    model = from_module(alone, preprocess=Preprocessing(size=32, resize=32), name="alone")
    comm = RecordedComm()
    explorer = ds.Explorer(model, layer="2", comm=comm)
    browser = Browser(explorer, comm, model="alone", layer="2")
    browser.ask(aside={"meter": True})
    first = browser.wait_for("_meters", seq=1)["_meters"]
    browser.ask(aside={"meter": True})
    again = browser.wait_for("_meters", seq=2)["_meters"]
    assert first["samples"] == again["samples"] == 0
    assert first["similarities"] == again["similarities"] == [None, None, None]
    explorer.close()


def test_a_cell_that_is_run_again_has_its_meters_from_the_beginning(browser: Browser) -> None:
    browser.send({"_view_count": 1})
    ask(browser, meter=True, wayBack="TTT")
    browser.wait_for("_meters", seq=1, samples=5)
    browser.send({"_view_count": 0})
    browser.comm.sent.clear()
    browser.send({"_view_count": 1})
    browser.wait_for("_way_back", code="TTT")
    message = browser.wait_for("_meters", samples=5)
    assert browser.explorer.address.startswith("small/features.3/2@5,6")
    view = browser.explorer._view
    assert [message["_meters"][key] for key in ("client", "seq")] == [view["client"], view["seq"]]


def test_a_view_that_cannot_be_made_again_after_a_rest_is_reported(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: Any, **keywords: Any) -> Any:
        raise RuntimeError("out of memory")

    browser.send({"_view_count": 1})
    browser.send({"_view_count": 0})
    monkeypatch.setattr("deconvscope.reversal.ReversedNetwork.record", fails)
    browser.send({"_view_count": 1})
    browser.wait_for("_failure", message="out of memory")
    monkeypatch.undo()  # also what lets a message wait for its answer
    assert browser.answer()["_view"]["seq"] == 1


# ---------------------------------------------------------------- random filters


def test_the_same_click_is_drawn_with_random_filters(browser: Browser) -> None:
    ask(browser, random=True)
    message = browser.wait_for("_random", seq=1)
    network = randomised(browser.explorer.model.network, seed=0)
    recording = ds.ReversedNetwork(network).record(browser.explorer.recording.input)
    expected = recording.reverse(ds.Neuron("features.3", 2, 5, 6), ("FTT", "saliency", "TTT"))
    assert message["_random"]["window"] == dataclasses.asdict(expected.window)
    values = b"".join(display.compand(signal)[0].tobytes() for signal in expected.values)
    assert bytes(message["_random_pictures"]) == values
    assert [info["code"] for info in message["_random"]["pictures"]] == ["FTT", "saliency", "TTT"]


def test_the_random_network_is_recorded_once_per_image(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(module: nn.Module, seed: int) -> nn.Module:
        made.append(seed)
        return randomised(module, seed)

    monkeypatch.setattr("deconvscope.explorer.recorded_image.randomised", counted)
    for seq in (1, 2, 3):
        browser.ask(neuron={**PLACE, "y": seq}, aside={"random": True})
        browser.wait_for("_random", seq=seq)
    assert made == [0]


# ---------------------------------------------------------------- comparisons


def test_two_addresses_are_compared(browser: Browser) -> None:
    addresses = [
        "small/features.3/2@5,6?TTT#chelsea",
        "small/features.0/1@20,30?FTT,TTT#coffee",
    ]
    ask(browser, compare=addresses)
    message = browser.wait_for("_comparison", seq=1)
    sides = message["_comparison"]["sides"]
    assert [side["address"] for side in sides] == addresses
    assert sides[1]["title"] == "coffee · features.0 · 1@20,30"
    sizes = [
        side["window"]["height"] * side["window"]["width"] * 3 * len(side["pictures"])
        for side in sides
    ]
    assert len(message["_comparison_pictures"]) == sum(sizes)
    first = browser.explorer.recording.reverse(ds.Neuron("features.3", 2, 5, 6), "TTT")
    companded, scale = display.compand(first.values[0])
    assert bytes(message["_comparison_pictures"])[: sizes[0]] == companded.tobytes()
    assert sides[0]["pictures"][0]["scale"] == scale
    assert browser.explorer.address.endswith("#chelsea"), "the view does not move"


def test_a_panel_that_fails_says_so_and_the_others_come(browser: Browser) -> None:
    ask(browser, compare=["small/nowhere/1@2,3?TTT#chelsea"] * 2, random=True, meter=True)
    assert "nowhere" in browser.wait_for("_failure", seq=1)["_failure"]["message"]
    browser.wait_for("_random", seq=1)
    browser.wait_for("_meters", seq=1)


@pytest.mark.parametrize(
    "aside", [3, [], {"wayBack": 3}, {"compare": ["one"]}, {"compare": [1, 2]}, {"compare": "ab"}]
)
def test_a_malformed_panel_request_is_refused(browser: Browser, aside: Any) -> None:
    reply = browser.ask(aside=aside)
    assert reply[-1]["_failure"]["seq"] == 1
    assert browser.explorer._view["seq"] != 1 or browser.explorer._view["client"] == ""


def test_large_pictures_are_compared_on_fewer_pixels_in_their_own_scale() -> None:
    comm = RecordedComm()
    explorer = ds.Explorer(layer="relu5_3", comm=comm)
    address = explorer.pin()
    browser = Browser(explorer, comm, model="vgg16_trunk", layer="relu5_3")
    place = {"channel": explorer.channel, "y": explorer.y, "x": explorer.x}
    browser.ask(neuron=place, aside={"compare": [address, address]})
    message = browser.wait_for("_comparison", seq=1)
    side, values = message["_comparison"]["sides"][1], bytes(message["_comparison_pictures"])
    received, whole = side["pictures"][2], explorer._view["pictures"][2]
    assert (received["q"], received["max"]) == (whole["q"], whole["max"])
    height, width = side["window"]["height"], side["window"]["width"]
    size = 3 * height * width
    assert len(values) == 6 * size <= 2 * COMPARED
    window = explorer.reconstructions.window
    assert height / width == pytest.approx(window.height / window.width, rel=0.02)
    drawn = np.frombuffer(values[-size:], np.int8).reshape(3, height, width)
    small = torch.from_numpy(display.expand(drawn, received["scale"]))
    exact = explorer.reconstructions.values[2]
    again = nn.functional.interpolate(small[None].float(), exact.shape[1:], mode="bilinear")
    assert similarity(again[0], exact) > 0.7
    explorer.close()


@pytest.mark.parametrize(("architectures", "most"), [
    (THREE, 1_700_000), pytest.param(ds.EIGHT, 2_800_000, marks=pytest.mark.lengthy),
])  # fmt: skip
def test_all_that_can_be_switched_on_fits_into_a_saved_notebook(
    architectures: tuple[ds.Architecture, ...], most: int
) -> None:
    comm = RecordedComm()
    explorer = ds.Explorer(layer="relu5_3", architectures=architectures, comm=comm)
    explorer.pin()
    explorer.channel = (explorer.channel + 1) % 512
    explorer.pin()
    codes = [architecture.code for architecture in architectures]
    browser = Browser(explorer, comm, model="vgg16_trunk", layer="relu5_3", architectures=codes)
    browser.ask(
        neuron={"channel": 286, "y": 4, "x": 3},
        aside={
            "meter": True,
            "random": True,
            "wayBack": "TTT",
            "segmentation": True,
            "compare": list(explorer.pins[:2]),
        },
    )
    for trait in ("_random", "_way_back", "_segmentation", "_comparison"):
        browser.wait_for(trait, seq=1)
    size = len(json.dumps(explorer._get_embed_state()))
    pins = len(json.dumps(explorer._pins)) // 2 * (MOST_PINS - 2)
    explorer.close()
    cards = 150_000  # see test_exemplar_panel.py
    assert size + pins + cards < most


# ---------------------------------------------------------------- belonging


def test_panels_of_a_view_shown_again_come_with_it_and_others_are_emptied(browser: Browser) -> None:
    ask(browser, random=True, meter=True)
    browser.wait_for("_random", seq=1)
    browser.wait_for("_meters", seq=1, samples=5)
    (again,) = browser.ask(layer="features.3", neuron=PLACE, aside={"random": True, "meter": True})[
        :1
    ]
    assert again["_view"]["seq"] == again["_random"]["seq"] == again["_meters"]["seq"] == 2
    (other,) = browser.ask(layer="features.3", neuron={**PLACE, "y": 9})[:1]
    assert (other["_random"], other["_meters"]) == ({}, {})
    assert bytes(other["_random_pictures"]) == b""
    state = browser.explorer.get_state()
    assert {name: state[name] for name in TRAITS} == dict(TRAITS)


def test_a_click_interrupts_what_is_computed_beside(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverse, begun, interrupted = Recording.reverse, threading.Event(), threading.Event()

    def slow(
        self: Recording, selection: Any, *rest: Any, check: Any = None, **keywords: Any
    ) -> Any:
        if isinstance(selection, list):  # the meter's
            begun.set()
            try:
                for _ in range(500):
                    check()
                    time.sleep(0.01)
            except BaseException:
                interrupted.set()
                raise
        return reverse(self, selection, *rest, check=check, **keywords)

    monkeypatch.setattr(Recording, "reverse", slow)
    ask(browser, meter=True)
    assert begun.wait(SOON)
    assert browser.ask(neuron=PLACE)[-1]["_view"]["seq"] == 2
    assert interrupted.is_set()


def test_python_s_moves_have_the_panels_that_were_wanted_last(browser: Browser) -> None:
    ask(browser, meter=True)
    browser.wait_for("_meters", seq=1)
    browser.explorer.select("features.1", 1, 2, 3)
    assert browser.wait_for("_meters", client="")["_meters"]["seq"] == browser.explorer._view["seq"]


# ---------------------------------------------------------------- computed ahead


def hover(browser: Browser, **changed: Any) -> None:
    hovered = {"client": "browser", "layer": "features.3", **PLACE,
               "architectures": ["FTT", "saliency", "TTT"], **changed}  # fmt: skip
    browser.send({"_hover": hovered})


def test_the_hovered_neuron_and_its_neighbours_are_ready_before_the_click(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded_image = browser.explorer._now.recorded_image
    architectures = browser.explorer.architectures
    hover(browser)
    around = [ds.Neuron("features.3", 2, y, x) for y, x in ((5, 6), (5, 7), (6, 6), (5, 5), (4, 6))]
    until(
        lambda: all((one, architectures) in recorded_image.pictures for one in around),
        "not computed ahead",
    )

    def fails(*arguments: Any, **keywords: Any) -> Any:
        raise AssertionError("computed again")

    monkeypatch.setattr(Recording, "reverse", fails)
    (reply,) = browser.ask(layer="features.3", neuron=PLACE)[:1]
    monkeypatch.undo()
    expected = browser.explorer.recording.reverse(around[0], architectures)
    assert torch.equal(browser.explorer.reconstructions.values, expected.values)
    assert reply["_view"]["neuron"]["y"] == 5


def test_nothing_is_computed_ahead_where_that_is_switched_off(
    small_model: Model, comm: RecordedComm
) -> None:
    explorer = ds.Explorer(small_model, layer="features.3", prefetch=False, comm=comm)
    browser = Browser(explorer, comm)
    hover(browser)
    time.sleep(0.1)
    pictures = explorer._now.recorded_image.pictures
    key = ds.Neuron("features.3", 2, 5, 6), explorer.architectures
    assert key not in pictures
    browser.send({"prefetch": True})
    hover(browser)
    until(lambda: key in pictures, "not computed ahead")
    explorer.close()


@pytest.mark.parametrize(
    "spoilt",
    [
        {"layer": "nowhere"}, {"channel": 99}, {"y": -1}, {"x": 10**9}, {"y": None, "x": None},
        {"channel": None}, {"architectures": ["XXX"]}, {"architectures": []}, {"layer": None},
        {"channel": "1"}, {"y": 1.5},
    ],
)  # fmt: skip
def test_hovering_anywhere_never_raises(browser: Browser, spoilt: dict[str, Any]) -> None:
    hover(browser, **spoilt)
    browser.send({"_hover": {}})
    browser.send({"_hover": draw_nothing()})
    assert browser.ask(layer="features.3", neuron=PLACE)[-1]["_view"]["seq"] == 1


def draw_nothing() -> Any:
    return [None, "text", 3.5]


def test_a_click_on_the_neuron_that_is_being_computed_waits_for_it(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverse, begun, calls = Recording.reverse, threading.Event(), []

    def slow(
        self: Recording, selection: Any, *rest: Any, check: Any = None, **keywords: Any
    ) -> Any:
        calls.append(selection)
        begun.set()
        for _ in range(20):
            time.sleep(0.005)
            check()
        return reverse(self, selection, *rest, check=check, **keywords)

    monkeypatch.setattr(Recording, "reverse", slow)
    hover(browser)
    assert begun.wait(SOON)
    browser.ask(layer="features.3", neuron=PLACE)
    browser.wait_for("_view", seq=1)
    assert calls.count(ds.Neuron("features.3", 2, 5, 6)) == 1
