"""The widget without a browser: a recorded comm stands in for it."""

from __future__ import annotations

import base64
import gc
import io
import json
import random
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import deconvscope as ds
from deconvscope import display
from deconvscope.explorer.export import snapshot_cells
from deconvscope.explorer.scheduler import Check
from deconvscope.explorer.session import Place, Session, View
from deconvscope.explorer.traits import DISPLAYS
from deconvscope.models import Model
from deconvscope.reversal import Box

from .recorded_browser import Browser, RecordedComm

DRAWN = ("_map", "_pictures", "_view", "_atlas", "_atlas_info", "_network", "_photograph")


def drawn(explorer: ds.Explorer) -> Any:
    return tuple(getattr(explorer, name) for name in DRAWN), explorer.address


# ---------------------------------------------------------------- asked by the browser


def test_a_query_is_answered_in_one_message_that_echoes_it(browser: Browser) -> None:
    (reply,) = browser.ask(neuron={"channel": 3, "y": 7, "x": 8})
    assert (reply["_view"]["client"], reply["_view"]["seq"]) == ("browser", 1)
    assert reply["_view"]["neuron"]["channel"] == 3
    assert "_atlas" not in reply
    assert "_network" not in reply
    assert browser.explorer.neuron == ds.Neuron("features.4", 3, 7, 8)


def test_a_layer_of_another_network_may_go_by_its_label(browser: Browser) -> None:
    browser.ask(model="vgg16_trunk", layer="conv2_1", neuron={"channel": 3, "y": 7, "x": 8})
    view = browser.wait_for("_view", seq=1)["_view"]
    assert view["address"] == "vgg16_trunk/features.5/3@7,8?FTT,saliency,TTT#chelsea"


def test_a_new_layer_brings_its_atlas_and_a_new_image_its_photograph(browser: Browser) -> None:
    (reply,) = browser.ask(layer="features.0")
    assert reply["_atlas_info"]["layer"] == "features.0"
    assert "_photograph" not in reply
    *progress, reply = browser.ask(image="coffee")
    assert reply["_network"]["image"]["name"] == "coffee"
    assert [list(message) for message in progress] == [["_progress"], ["_progress"]]
    assert "recording" in progress[0]["_progress"]["text"]
    assert progress[1]["_progress"] == {}


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ({"layer": "features.9"}, "features.9"),
        ({"model": "vgg61"}, "vgg16"),
        ({"image": "/etc/hostname"}, "chelsea"),
        ({"neuron": {"channel": 6, "y": 0, "x": 0}}, "channel"),
        ({"neuron": {"channel": 0, "y": 16, "x": 0}}, "y=16"),
        ({"neuron": {"channel": float("nan"), "y": 0, "x": 0}}, "nan"),
        ({"architectures": ["XXX"]}, "XXX"),
        ({"architectures": []}, "architecture"),
    ],
)
def test_a_query_that_fails_becomes_a_line_and_the_view_stays(
    browser: Browser, wanted: dict[str, Any], line: str
) -> None:
    before = drawn(browser.explorer)
    reply = browser.ask(**wanted)[-1]
    assert (reply["_failure"]["client"], reply["_failure"]["seq"]) == ("browser", 1)
    assert line in reply["_failure"]["message"]
    assert drawn(browser.explorer) == before
    (reply,) = browser.ask(neuron={"channel": 1, "y": 2, "x": 3})
    assert reply["_failure"] == {}
    assert reply["_view"]["seq"] == 2


def test_a_network_that_breaks_becomes_a_line_too(comm: RecordedComm) -> None:
    class Breaks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 2, 3)
            self.fails = False

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.fails:
                raise KeyError("lost")
            result: torch.Tensor = self.convolution(x)
            return result

    network = Breaks()
    explorer = ds.Explorer(network, comm=comm)
    network.fails = True
    reply = Browser(explorer, comm).ask(model="Breaks", image="coffee", layer=None)[-1]
    assert "lost" in reply["_failure"]["message"]
    assert explorer.address.endswith("#chelsea")
    explorer.close()


def test_late_and_repeated_queries_change_nothing(browser: Browser) -> None:
    browser.seq = 5
    browser.ask(neuron={"channel": 1, "y": 1, "x": 1})
    before = drawn(browser.explorer)
    browser.seq = 3
    assert browser.ask(neuron={"channel": 2, "y": 2, "x": 2}) == []
    browser.seq = 5
    assert browser.ask(neuron={"channel": 2, "y": 2, "x": 2}) == []
    assert drawn(browser.explorer) == before


def test_two_browsers_count_for_themselves(explorer: ds.Explorer, comm: RecordedComm) -> None:
    one, other = Browser(explorer, comm, "one"), Browser(explorer, comm, "other")
    one.seq = 100
    one.ask(neuron={"channel": 1, "y": 1, "x": 1})
    (reply,) = other.ask(neuron={"channel": 2, "y": 2, "x": 2})
    assert (reply["_view"]["client"], reply["_view"]["seq"]) == ("other", 1)


def test_a_thousand_malformed_queries_never_raise_nor_move_the_view(
    browser: Browser, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(0)
    spoilt: list[Any] = [
        *(None, True, -1, 1.5, float("nan"), float("inf"), 10**30, "", "x" * 10_000, [], [[]], {}),
        *({"channel": {}}, {"channel": 0, "y": 0}, b"\0\1", ["TTT", 3], {"a": {"b": []}}),
    ]
    before = drawn(browser.explorer)
    complete = {
        "client": "browser", "seq": 1, "model": "small", "image": "chelsea", "layer": "features.4",
        "neuron": {"channel": 0, "y": 0, "x": 0}, "architectures": ["TTT"],
    }  # fmt: skip
    for number in range(1000):
        raw: Any = {**complete, "seq": number}
        for key in draw.sample(sorted(complete), draw.randint(1, 3)):
            raw[key] = draw.choice(spoilt)
        if draw.random() < 0.1:
            raw = draw.choice(spoilt)
        # What is left of a query may be one that is to be answered: leave its layer unknown
        if isinstance(raw, dict) and raw.get("layer") in (None, "features.4"):
            raw["layer"] = "unknown"
        browser.send({"_query": raw, "display": draw.choice(spoilt), "_view": draw.choice(spoilt)})
    assert drawn(browser.explorer) == before
    assert browser.explorer.display == "paper"
    assert caplog.records == []
    assert capsys.readouterr().err == ""
    browser.seq = 2000
    assert browser.ask()[-1]["_view"]["seq"] == 2001


def test_the_browser_sets_the_display(browser: Browser) -> None:
    browser.send({"display": "saliency"})
    assert browser.explorer.display == "saliency"


def test_queries_beside_a_running_cell_are_answered_one_at_a_time(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ipykernel 7 the browser's messages come on another thread than the cell's."""
    visit, inside, together = Session.visit, [0], []

    def watched(session: Session, place: Place, check: Check = lambda: None) -> View:
        inside[0] += 1
        together.append(inside[0])
        threading.Event().wait(0.002)
        try:
            return visit(session, place, check)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(Session, "visit", watched)

    def clicks() -> None:
        for number in range(40):
            browser.ask(neuron={"channel": 0, "y": number % 16, "x": 0})

    thread = threading.Thread(target=clicks)
    thread.start()
    for number in range(40):
        browser.explorer.select("features.0", channel=1, y=number % 32, x=1)
    thread.join()
    assert together == [1] * 80
    explorer = browser.explorer
    view, neuron = explorer._view, explorer.neuron
    assert (view["layer"], view["neuron"]["y"]) == (neuron.layer, neuron.y)
    assert (explorer.layer, explorer.y) == (neuron.layer, neuron.y)
    assert explorer._atlas_info["layer"] == neuron.layer


# ---------------------------------------------------------------- asked by Python


def test_traits_move_the_view_together(explorer: ds.Explorer, comm: RecordedComm) -> None:
    seen: list[tuple[Any, ...]] = []
    explorer.observe(
        lambda change: seen.append((explorer.layer, explorer.channel, explorer.y, explorer.x)),
        ["layer", "channel", "y", "x"],
    )
    explorer.layer = "features.0"
    now = explorer.neuron
    assert now == explorer.recording.resolve(ds.Strongest("features.0"))
    assert set(seen) == {(now.layer, now.channel, now.y, now.x)}
    assert comm.sent[-1]["_view"]["layer"] == "features.0"
    assert comm.sent[-1]["_view"]["client"] == ""
    explorer.channel = 2
    assert (explorer.y, explorer.x) == (now.y, now.x)
    explorer.y, explorer.x = 4, 5
    assert explorer.neuron == ds.Neuron("features.0", 2, 4, 5)


def test_several_traits_can_be_held_and_set_at_once(explorer: ds.Explorer) -> None:
    with explorer.hold_trait_notifications():
        explorer.layer = "features.1"
        explorer.channel = 3
        explorer.y = 9
        explorer.x = 10
    assert explorer.neuron == ds.Neuron("features.1", 3, 9, 10)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("layer", "nowhere", ds.UnknownLayerError),
        ("channel", 99, ValueError),
        ("channel", -1, ValueError),
        ("y", 16, ValueError),
        ("model_name", "vgg61", LookupError),
        ("architectures", ["XXX"], ValueError),
        ("address", "nonsense", ValueError),
        ("address", "small/features.4/99@0,0", ValueError),
        ("neuron", ds.Neuron("features.4", 0, 0, 99), ValueError),
        ("neuron", "features.4", TypeError),
        ("image", "no such file.png", LookupError),
        ("model", 3, TypeError),
        ("display", "psychedelic", ValueError),
    ],
)
@pytest.mark.parametrize("held", [False, True])
def test_a_refused_value_raises_and_leaves_the_view(
    explorer: ds.Explorer, name: str, value: Any, error: type[Exception], held: bool
) -> None:
    from traitlets import TraitError

    before = drawn(explorer)
    if held:
        with pytest.raises((error, TraitError)), explorer.hold_trait_notifications():
            setattr(explorer, name, value)
    else:
        with pytest.raises((error, TraitError)):
            setattr(explorer, name, value)
    assert drawn(explorer) == before
    assert explorer.layer == explorer.neuron.layer
    explorer.select("features.0", 1, 2, 3)
    assert explorer.neuron == ds.Neuron("features.0", 1, 2, 3)


def test_neurons_selections_and_addresses_say_the_same(explorer: ds.Explorer) -> None:
    explorer.neuron = ds.Neuron("features.1", 3, 9, 10)
    address = explorer.address
    assert address == "small/features.1/3@9,10?FTT,saliency,TTT#chelsea"
    explorer.image = "coffee"
    explorer.neuron = ds.Strongest("features.0", channel=2)
    assert explorer.channel == 2
    explorer.address = address
    assert (explorer.neuron, explorer.address) == (ds.Neuron("features.1", 3, 9, 10), address)
    explorer.address = "small/classifier/4?TTT"
    assert explorer.architectures == (ds.DESALINET,)
    assert explorer.address == "small/classifier/4?TTT#chelsea"
    explorer.select(channel=6)
    assert explorer.neuron == ds.Neuron("classifier", 6)


def test_two_explorers_can_be_linked_by_their_address(
    explorer: ds.Explorer, small_model: Model
) -> None:
    other = ds.Explorer(small_model, image="coffee")
    link = ipywidgets.link((explorer, "address"), (other, "address"))
    explorer.select("features.0", 1, 2, 3)
    assert other.neuron == ds.Neuron("features.0", 1, 2, 3)
    other.select("features.1", 2)
    assert explorer.neuron == other.neuron
    link.unlink()
    other.close()


def test_the_numbers_behind_the_view_are_handed_out(explorer: ds.Explorer) -> None:
    again = explorer.recording.reverse(explorer.neuron, explorer.architectures)
    assert torch.equal(explorer.reconstructions.values, again.values)
    assert isinstance(explorer.image, Image.Image)
    assert isinstance(explorer.model.network, nn.Module)


def test_an_own_module_is_left_as_it_was(small_network: nn.Module) -> None:
    small_network.train()
    before = {name: value.clone() for name, value in small_network.state_dict().items()}
    explorer = ds.Explorer(small_network, image=torch.randn(3, 32, 32))
    explorer.layer = "classifier"
    explorer.close()
    assert small_network.training
    assert all(torch.equal(before[name], now) for name, now in small_network.state_dict().items())
    assert not any(module._forward_hooks for module in small_network.modules())


# ---------------------------------------------------------------- made, shown, closed


@pytest.mark.parametrize(
    ("keywords", "error", "line"),
    [
        ({"modle": "vgg16_trunk"}, TypeError, "did you mean 'model'"),
        ({"model": "vgg61_trunk"}, LookupError, "vgg16_trunk"),
        ({"image": "chelsae"}, LookupError, "chelsea"),
        ({"image": 7}, ValueError, "int"),
        ({"image": np.zeros((2, 2, 9))}, ValueError, "9"),
        ({"image": np.full((9, 9), np.nan)}, ValueError, "NaN"),
        ({"image": torch.zeros(3, 32, 32, dtype=torch.uint8)}, ValueError, "uint8"),
        ({"image": torch.full((3, 32, 32), torch.nan)}, ValueError, "NaN"),
        ({"image": torch.zeros(1, 32, 32)}, ValueError, "channel"),
        ({"image": torch.zeros(3, 1, 1)}, ValueError, "small"),
        ({"layer": "conv9"}, LookupError, "conv9"),
        ({"neuron": ds.Neuron("features.0", 99, 0, 0)}, ValueError, "99"),
        (
            {"layer": "features.1", "neuron": ds.Neuron("features.0", 1, 0, 0)},
            ValueError,
            "both|one",
        ),
        ({"architectures": "DeSaliNett"}, ValueError, "DeSaliNet"),
        ({"display": "papery"}, ValueError, "papery"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_would_be_right(
    small_model: Model, keywords: dict[str, Any], error: type[Exception], line: str
) -> None:
    from traitlets import TraitError

    with pytest.raises((error, TraitError), match=line):
        ds.Explorer(**{"model": small_model, **keywords})
    gc.collect()


def test_host_keywords_are_passed_on(small_model: Model) -> None:
    explorer = ds.Explorer(small_model, layout={"width": "50%"})
    assert explorer.layout.width == "50%"
    assert ipywidgets.VBox([explorer]).children == (explorer,)
    explorer.close()


def test_the_saved_state_holds_all_that_is_drawn(explorer: ds.Explorer) -> None:
    state = explorer.get_state()
    assert set(DRAWN) | {"_catalog", "_failure", "_progress", "display"} <= state.keys()
    assert all(state[name] for name in DRAWN)


def test_the_mimebundle_adds_a_picture_and_nothing_else(explorer: ds.Explorer) -> None:
    data, _ = explorer._repr_mimebundle_()
    assert set(data) == {
        "text/plain",
        "application/vnd.jupyter.widget-view+json",
        "image/png",
    }
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert 0.4 < picture.width / explorer.snapshot().width < 0.5
    assert explorer.address in data["text/plain"]


@pytest.mark.parametrize(
    "mapping", ["paper", "signed", "renormalised", "saliency", "magnitude", "overlay"]
)
@pytest.mark.parametrize("layer", ["features.0", "classifier"])
def test_a_snapshot_is_drawn_and_written(
    explorer: ds.Explorer, mapping: str, layer: str, tmp_path: Path
) -> None:
    explorer.display, explorer.layer = mapping, layer
    explorer.architectures = list(ds.EIGHT)
    picture = explorer.snapshot(tmp_path / "view.png")
    assert len(np.unique(np.asarray(picture))) > 20
    with Image.open(tmp_path / "view.png") as written:
        assert written.size == picture.size


@pytest.mark.parametrize("mapping", ["paper", "signed", "renormalised", "saliency", "magnitude"])
def test_a_snapshot_holds_the_pixels_of_the_display_mapping(
    explorer: ds.Explorer, mapping: str
) -> None:
    explorer.display = mapping
    drawn_colours = _colours(np.asarray(explorer.snapshot()))
    box = explorer.reconstructions.window
    for signal in explorer.reconstructions.dense():
        whole = getattr(display, mapping)(signal)
        cut = whole[box.top : box.top + box.height, box.left : box.left + box.width]
        assert _colours(cut) <= drawn_colours


@pytest.mark.parametrize("mapping", [one for one in DISPLAYS if one != "overlay"])
def test_beside_a_window_a_snapshot_has_the_colour_of_zero(
    explorer: ds.Explorer, mapping: str
) -> None:
    view = SimpleNamespace(
        reconstruction=SimpleNamespace(
            window=Box(0, 0, 4, 8), dense=explorer.reconstructions.dense
        ),
        recorded_image=SimpleNamespace(seen=explorer.image),
    )
    zero = getattr(display, mapping)(np.zeros((3, 1, 1)))[0, 0].astype(int)
    for square in snapshot_cells.pictures(view, mapping, 16):  # type: ignore[arg-type]
        assert np.abs(np.asarray(square)[0, 0] - zero).max() <= 4


def _colours(pixels: Any) -> set[int]:
    return set(np.unique(pixels.reshape(-1, 3).astype(int) @ (1 << 16, 1 << 8, 1)).tolist())


def test_closing_frees_everything(small_model: Model) -> None:
    explorer = ds.Explorer(small_model)
    recording = explorer.recording
    explorer.close()
    explorer.close()
    assert recording.forgotten
    dead = weakref.ref(explorer), weakref.ref(recording)
    del explorer, recording
    gc.collect()
    assert [reference() for reference in dead] == [None, None]


def test_a_closed_explorer_says_so(small_model: Model) -> None:
    explorer = ds.Explorer(small_model)
    explorer.close()
    with pytest.raises(RuntimeError, match="closed"):
        explorer.neuron  # noqa: B018
    with pytest.raises(RuntimeError, match="closed"):
        explorer.channel = 1
    with pytest.raises(RuntimeError, match="closed"):
        explorer.select("features.0")


def test_an_explorer_that_left_the_page_frees_its_recording_and_comes_back(
    browser: Browser,
) -> None:
    recording = weakref.ref(browser.explorer.recording)
    browser.send({"_view_count": 1})
    assert recording() is not None
    browser.send({"_view_count": 0})
    gc.collect()
    assert recording() is None
    assert browser.ask(neuron={"channel": 0, "y": 1, "x": 2})[-1]["_view"]["neuron"]["x"] == 2


def test_an_explorer_whose_comm_the_host_closed_frees_its_recording_for_the_next(
    small_model: Model,
) -> None:
    explorer, other = ds.Explorer(small_model), ds.Explorer(small_model)
    recordings = weakref.ref(explorer.recording), weakref.ref(other.recording)
    explorer.comm.close()  # as marimo does when a cell runs again
    successor = ds.Explorer(small_model)
    gc.collect()
    assert recordings[0]() is None
    assert recordings[1]() is not None
    explorer.channel = 1
    assert explorer.reconstructions.values.shape[0] == 3
    for one in (explorer, other, successor):
        one.close()


def test_the_bundled_view_stays_within_its_budget() -> None:
    explorer = ds.Explorer()
    sizes = {}
    for layer in ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "relu5_3", "pool5"):
        explorer.layer = layer
        sizes[layer] = len(json.dumps(explorer._get_embed_state()))
    explorer.close()
    print(sizes)
    assert max(sizes.values()) < 1_500_000


def test_a_rectifier_that_fell_back_is_shown_in_the_browser() -> None:
    class ByHand(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            return torch.softmax(y * (y > 0.5), 1)

    explorer = ds.Explorer(model=ByHand().eval(), image="chelsea")
    assert explorer._network["fallbacks"] == ["mul"], "softmax is no rectifier: BP is its rule"
    assert ds.Explorer()._network["fallbacks"] == []
