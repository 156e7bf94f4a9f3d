"""Long work leaves the browser free: newer queries, cancelling, progress; nothing stale is ever shown."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.models import Model, Preprocessing, from_module, load_model
from deconvscope.reversal import Recording

from .recorded_browser import SOON, Browser, RecordedComm


class Gated(nn.Module):
    """Three convolutions; once `wait` is set, each waits for the gate to open."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))
        self.gate = threading.Semaphore(0)
        self.wait = False
        self.entered = threading.Event()

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            if self.wait:
                self.entered.set()
                assert self.gate.acquire(timeout=SOON)
            x = torch.relu(layer(x))
        return x

    def open(self) -> None:
        self.wait = False
        self.gate.release(100)


@pytest.fixture
def network() -> Iterator[Gated]:
    made = Gated().eval()
    yield made
    made.open()


@pytest.fixture
def gated(network: Gated, comm: RecordedComm, impatient: None) -> Iterator[Browser]:
    model = from_module(network, preprocess=Preprocessing(size=32, resize=32), name="gated")
    explorer = ds.Explorer(model, layer="layers.1", comm=comm)
    yield Browser(explorer, comm, model="gated", layer="layers.1", neuron=None)
    network.open()
    explorer.close()


def test_a_recording_goes_on_behind_the_message_and_is_shown_when_it_is_ready(
    gated: Browser, network: Gated
) -> None:
    network.wait = True
    gated.ask(image="coffee")
    assert gated.explorer.address.endswith("#chelsea")
    network.open()
    reply = gated.wait_for("_view", seq=1)
    assert reply["_network"]["image"]["name"] == "coffee"
    assert gated.explorer.address.endswith("#coffee")


def test_progress_says_how_much_of_the_network_was_passed(gated: Browser, network: Gated) -> None:
    network.wait = True
    gated.ask(image="coffee")
    received = gated.wait_for("_progress")["_progress"]
    assert (received["cancellable"], received["fraction"]) == (True, None)
    assert "recording" in received["text"]
    time.sleep(0.11)
    network.gate.release()
    assert gated.wait_for("_progress", fraction=0.333)
    network.open()
    gated.wait_for("_view", seq=1)
    assert gated.explorer._progress == {}


def test_a_cancelled_recording_leaves_the_view_and_the_next_query_is_answered(
    gated: Browser, network: Gated
) -> None:
    network.wait = True
    gated.ask(image="coffee")
    before = gated.explorer._view
    gated.send({"_cancel": {"client": "browser", "seq": 1}})
    network.open()
    failed = gated.wait_for("_failure", seq=1)["_failure"]
    assert failed["message"] == "cancelled"
    assert (gated.explorer._view, gated.explorer._progress) == (before, {})
    gated.ask(image="coffee")
    assert gated.wait_for("_view", seq=2)["_network"]["image"]["name"] == "coffee"


def test_a_query_is_given_up_by_the_message_that_brings_it(gated: Browser, network: Gated) -> None:
    network.wait = True
    query = {"client": gated.client, "seq": 1, **gated.query, "image": "coffee"}
    gated.send({"_query": query, "_cancel": {"client": gated.client, "seq": 1}})
    network.open()
    assert gated.wait_for("_failure", seq=1)["_failure"]["message"] == "cancelled"
    assert gated.explorer.address.endswith("#chelsea")


@pytest.mark.parametrize(
    "cancel", [{}, None, 3, {"client": "browser", "seq": 7}, {"client": [], "seq": {}}, {"seq": 1}]
)
def test_only_the_query_under_way_is_cancelled(
    gated: Browser, network: Gated, cancel: object
) -> None:
    network.wait = True
    gated.ask(image="coffee")
    gated.send({"_cancel": cancel})
    network.open()
    assert gated.wait_for("_view", seq=1)


def test_a_newer_query_ends_an_older_one_that_is_never_shown(
    gated: Browser, network: Gated
) -> None:
    network.wait = True
    gated.ask(image="coffee")
    gated.ask(image="rocket")
    gated.ask(image="chelsea", neuron={"channel": 1, "y": 2, "x": 3})
    network.open()
    gated.wait_for("_view", seq=3)
    shown = [message["_view"]["seq"] for message in gated.comm.sent if "_view" in message]
    assert [seq for seq in shown if seq] == [3]
    assert gated.explorer.address.startswith("gated/layers.1/1@2,3")
    assert gated.explorer.address.endswith("#chelsea")


def test_switching_models_while_recording(gated: Browser, network: Gated) -> None:
    other = from_module(
        nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU()).eval(),
        preprocess=Preprocessing(size=32, resize=32),
        name="other",
    )
    gated.explorer.model = other
    network.wait = True
    gated.ask(image="coffee")
    gated.ask(model="other", image="coffee", layer=None)
    network.open()
    assert gated.wait_for("_view", seq=2)["_network"]["model"] == "other"
    assert gated.explorer.model.network is other.network
    assert gated.explorer._atlas_info["channels"] == 5


def test_a_long_reversal_is_reported_and_can_be_cancelled(
    gated: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverse, interrupted = Recording.reverse, threading.Event()

    def slow(self: Recording, *arguments: Any, check: Any, **keywords: Any) -> Any:
        try:
            for _ in range(500):
                check()
                time.sleep(0.01)
        except BaseException:
            interrupted.set()
            raise
        return reverse(self, *arguments, check=check, **keywords)

    monkeypatch.setattr(Recording, "reverse", slow)
    gated.ask(neuron={"channel": 0, "y": 1, "x": 1})
    received = gated.wait_for("_progress")["_progress"]
    assert "backwards" in received["text"]
    gated.send({"_cancel": {"client": "browser", "seq": 1}})
    assert interrupted.wait(SOON)
    gated.wait_for("_failure", seq=1, message="cancelled")
    assert gated.explorer._progress == {}
    monkeypatch.undo()
    assert gated.answer(neuron={"channel": 0, "y": 1, "x": 1})


def test_an_answer_from_memory_shows_what_it_had_cost(
    gated: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverse = Recording.reverse

    def slow(self: Recording, *arguments: Any, **keywords: Any) -> Any:
        time.sleep(0.05)
        return reverse(self, *arguments, **keywords)

    monkeypatch.setattr(Recording, "reverse", slow)
    first, other = ({"channel": channel, "y": 2, "x": 3} for channel in (0, 1))
    costs = [gated.answer(neuron=n)["_view"]["milliseconds"] for n in (first, other, first)]
    assert costs[0] == costs[2] >= 50


def test_what_the_device_still_computes_is_counted(
    gated: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverse = Recording.reverse

    class Late(Tensor):
        """Is there when it is copied, as on a device that computes while Python goes on."""

        def cpu(self, *arguments: Any, **keywords: Any) -> Tensor:
            time.sleep(0.05)
            return self

    def late(self: Recording, *arguments: Any, **keywords: Any) -> Any:
        made = reverse(self, *arguments, **keywords)
        return dataclasses.replace(made, values=made.values.as_subclass(Late))

    monkeypatch.setattr(Recording, "reverse", late)
    assert gated.answer(neuron={"channel": 0, "y": 2, "x": 3})["_view"]["milliseconds"] >= 50


def test_python_waits_for_a_browser_s_recording_and_has_the_last_word(
    gated: Browser, network: Gated
) -> None:
    network.wait = True
    gated.ask(image="coffee")
    threading.Timer(0.1, network.open).start()
    gated.explorer.select("layers.0", 1, 2, 3)
    assert gated.explorer.address.startswith("gated/layers.0/1@2,3")
    assert gated.explorer.address.endswith("#coffee")
    assert gated.explorer._view["layer"] == "layers.0"


def test_what_the_browser_sets_meanwhile_is_kept(gated: Browser, network: Gated) -> None:
    network.wait = True
    gated.ask(image="coffee")
    gated.send({"display": "signed"})
    gated.send({"prefetch": False})
    network.open()
    gated.wait_for("_view", seq=1)
    gated.send({"live": True})
    explorer = gated.explorer
    assert (explorer.display, explorer.prefetch, explorer.live) == ("signed", False, True)


def test_closing_in_the_middle_of_a_recording_frees_the_thread(
    gated: Browser, network: Gated
) -> None:
    before = set(threading.enumerate())
    network.wait = True
    gated.ask(image="coffee")
    threading.Timer(0.05, network.open).start()
    gated.explorer.close()
    assert not set(threading.enumerate()) - before


def test_a_network_that_was_trained_on_is_looked_at_anew(gated: Browser, network: Gated) -> None:
    place = {"channel": 1, "y": 4, "x": 4}
    before = gated.answer(neuron=place)["_view"]["neuron"]["value"]
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(2)
    reply = gated.answer(neuron=place)
    after = reply["_view"]["neuron"]["value"]
    recorded = ds.ReversedNetwork(network).record(gated.explorer.recording.input)
    assert after == recorded["layers.1"][1, 4, 4] != before
    maxima = recorded["layers.1"].amax((1, 2)).tolist()
    assert reply["_atlas_info"]["maxima"] == pytest.approx(maxima, rel=1e-4)
    assert len(reply["_atlas"]) > 0


def test_a_module_that_was_replaced_is_shown(gated: Browser, network: Gated) -> None:
    gated.answer(layer="layers.0")
    network.layers[1] = nn.Sequential(nn.Conv2d(3, 7, 3), nn.Conv2d(7, 3, 3))
    layers = gated.answer(layer="layers.0")["_network"]["layers"]
    assert {"layers.1.0", "layers.1.1"} <= {layer["name"] for layer in layers}


# ---------------------------------------------------------------- networks that take long to load


@pytest.fixture
def slow_load(impatient: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    slow = Slow()
    monkeypatch.setattr("deconvscope.explorer.inputs.networks.load_model", slow)
    yield slow
    slow.arrived.set()


class Slow:
    """Loads networks when they have arrived, as if over a slow line."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str) -> Model:
        self.asked.append(name)
        assert self.arrived.wait(SOON)
        if name == "alexnet":
            raise OSError("the line is dead")
        return load_model(name)


def test_loading_a_network_is_cancelled_at_once_and_the_old_one_answers(
    browser: Browser, slow_load: Slow
) -> None:
    browser.ask(model="mobilenet_v2", layer=None)
    assert browser.wait_for("_progress")["_progress"]["cancellable"]
    browser.send({"_cancel": {"client": "browser", "seq": 1}})
    browser.wait_for("_failure", seq=1, message="cancelled")
    assert browser.answer()
    assert browser.explorer._progress == {}
    slow_load.arrived.set()
    browser.ask(model="mobilenet_v2", layer=None)
    assert browser.wait_for("_view", seq=3)["_network"]["model"] == "mobilenet_v2"
    assert slow_load.asked == ["mobilenet_v2"], "loaded twice"


def test_a_load_that_failed_is_reported_and_tried_again(browser: Browser, slow_load: Slow) -> None:
    browser.ask(model="alexnet", layer=None)
    browser.send({"_cancel": {"client": "browser", "seq": 1}})
    browser.wait_for("_failure", seq=1, message="cancelled")
    slow_load.arrived.set()
    for seq in (2, 3):
        browser.ask(model="alexnet", layer=None)
        browser.wait_for("_failure", seq=seq, message="the line is dead")
    assert slow_load.asked[1:]
    assert set(slow_load.asked) == {"alexnet"}


def test_no_network_is_loaded_for_a_pin_that_nobody_clicked(
    browser: Browser, slow_load: Slow
) -> None:
    explorer = browser.explorer
    elsewhere = "mobilenet_v2/features.3.conv.0.0/1@1,1?TTT#chelsea"
    explorer.pins = [elsewhere, "small/features.3/2@5,6?TTT#chelsea"]
    end = time.monotonic() + SOON
    while not explorer._pins[1]["thumbnails"]:
        assert time.monotonic() < end
        time.sleep(0.005)
    time.sleep(0.1)
    assert slow_load.asked == []
    slow_load.arrived.set()
    browser.ask(model="mobilenet_v2", layer=None)
    while not explorer._pins[0]["thumbnails"]:
        assert time.monotonic() < end
        time.sleep(0.005)


# ---------------------------------------------------------------- a thousand queries


def test_a_thousand_queries_in_any_order_leave_the_newest_shown(browser: Browser) -> None:
    """Valid and not, reordered, twice, out of range; the last answer is that of the newest valid one."""
    draw = random.Random(1)
    explorer, newest = browser.explorer, -1
    shown = explorer.address
    for _ in range(1000):
        seq = draw.randint(max(0, newest - 5), newest + 5)
        channel, y, x = (draw.randint(-1, 17) for _ in range(3))
        layer = draw.choice(["features.0", "features.3", "features.4", "nowhere"])
        raw = {**browser.query, "seq": seq, "client": "browser", "layer": layer}
        raw["neuron"] = {"channel": channel, "y": y, "x": x}
        before = len(browser.comm.sent)
        browser.send({"_query": raw})
        answers = browser.comm.sent[before:]
        if seq <= newest:
            assert answers == []
            continue
        newest = seq
        size = {"features.0": (4, 32), "features.3": (6, 16), "features.4": (6, 16)}.get(layer)
        there = size and 0 <= channel < size[0] and min(y, x) >= 0 and max(y, x) < size[1]
        if there:
            assert answers[-1]["_view"]["seq"] == seq
            shown = f"small/{layer}/{channel}@{y},{x}?FTT,saliency,TTT#chelsea"
        else:
            assert answers[-1]["_failure"]["seq"] == seq
        assert explorer.address == shown


def test_five_hundred_clicks_from_two_threads_end_where_each_browser_ended(
    explorer: ds.Explorer, comm: RecordedComm
) -> None:
    browsers = [Browser(explorer, comm, client) for client in ("one", "other")]

    def clicks(browser: Browser, layer: str) -> None:
        for number in range(250):
            browser.ask(layer=layer, neuron={"channel": number % 4, "y": number % 16, "x": 3})

    threads = [
        threading.Thread(target=clicks, args=(browser, layer))
        for browser, layer in zip(browsers, ("features.0", "features.4"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = dict.fromkeys(("one", "other"), 0)
    for message in comm.sent:
        view = message.get("_view")
        if view and view["client"]:
            assert view["seq"] > answered[view["client"]], "an older answer after a newer one"
            answered[view["client"]] = view["seq"]
            assert view["neuron"]["channel"] == (view["seq"] - 1) % 4
            if "_atlas_info" in message:
                assert message["_atlas_info"]["layer"] == view["layer"]
    assert answered == {"one": 250, "other": 250}
    assert explorer._atlas_info["layer"] == explorer._view["layer"] == explorer.layer
