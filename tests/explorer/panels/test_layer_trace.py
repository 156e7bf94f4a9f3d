"""The layer trace: the signal at every layer between a neuron and the image, and what rectifiers stop of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope.explorer.panels.layer_trace import BUDGET, layer_trace
from deconvscope.models import Preprocessing, from_module
from deconvscope.reversal import as_map

from ..recorded_browser import Browser, RecordedComm

PLACE = {"channel": 2, "y": 5, "x": 6}


def ask(browser: Browser, **aside: Any) -> None:
    browser.ask(layer="features.3", neuron=PLACE, aside=aside)


def test_the_layer_trace_leads_through_every_layer_to_the_image(browser: Browser) -> None:
    ask(browser, wayBack="TTT")
    message = browser.wait_for("_way_back", seq=1)
    received, maps = message["_way_back"], bytes(message["_way_back_maps"])
    assert received["code"] == "TTT"
    names = [step["name"] for step in received["steps"]]
    assert names == ["features.3", "features.2", "features.1", "features.0", "image"]
    assert [step["kind"] for step in received["steps"]] == [
        "convolution",
        "max pool",
        "rectifier",
        "convolution",
        "image",
    ]
    recording = browser.explorer.recording
    at = 0
    for step in received["steps"]:
        activation = recording.input if step["name"] == "image" else recording[step["name"]]
        rows = slice(step["top"], step["top"] + step["height"])
        columns = slice(step["left"], step["left"] + step["width"])
        norms = activation[:, rows, columns].norm(dim=0)
        assert step["activation"] == pytest.approx(float(norms.max()), rel=1e-5)
        area = step["rows"] * step["columns"]
        assert (step["rows"], step["columns"]) == (step["height"], step["width"])
        at += area  # the signal's map comes first
        sent = np.frombuffer(maps[at : at + area], np.uint8).reshape(step["rows"], step["columns"])
        assert np.allclose(sent / 255 * step["activation"], norms, atol=step["activation"] / 500)
        at += area
    assert at == len(maps)
    picture = recording.reverse(ds.Neuron("features.3", 2, 5, 6), "TTT")
    largest = float(picture.values[0].norm(dim=0).max())
    assert received["steps"][-1]["signal"] == pytest.approx(largest, rel=1e-5)
    first = received["steps"][0]
    assert (first["top"], first["left"], first["height"], first["width"]) == (5, 6, 1, 1)
    assert first["signal"] == 1.0


@pytest.mark.parametrize("code", ["TTT", "FTT"])
def test_energies_show_what_rectifiers_stop_however_small_the_maps(code: str) -> None:
    comm = RecordedComm()
    explorer = ds.Explorer(layer="relu5_3", comm=comm)
    browser = Browser(explorer, comm, model="vgg16_trunk", layer="relu5_3")
    place = {"channel": explorer.channel, "y": explorer.y, "x": explorer.x}
    browser.ask(neuron=place, aside={"wayBack": code})
    steps = browser.wait_for("_way_back", seq=1)["_way_back"]["steps"]
    recording = explorer.recording
    energies: dict[int, float] = {}
    recording.reverse(
        explorer.neuron,
        code,
        watch=lambda slot, signal: energies.update(
            {slot: float(as_map(signal).confined().values.double().square().sum())}
        ),
    )
    shrunk = [step for step in steps if step["rows"] < step["height"]]
    assert shrunk
    for step in steps:
        slot = 0 if step["name"] == "image" else recording.graph.numbers[step["name"]]
        assert step["energy"] == pytest.approx(energies[slot], rel=1e-5)
        assert step["masks"] == (step["kind"] == "rectifier")
    explorer.close()


@pytest.mark.parametrize(
    ("rectifier", "rule", "masks"),
    [
        (nn.ReLU(), "mask", True),
        (nn.ReLU(), "relu", True),
        (nn.ReLU(), "identity", False),
        (nn.ReLU(), ds.RectGrad(0.1), True),
        (nn.ReLU(), ds.SmoothRelu(2.0), False),
        (nn.ReLU6(), "relu+mask", True),
        (nn.LeakyReLU(0.1), "mask", False),
        (nn.LeakyReLU(0.1), "relu", True),
        (nn.GELU(), "relu+mask", False),
        (nn.SiLU(), "mask", False),
    ],
)
def test_only_rules_that_keep_or_silence_are_said_to_mask(
    rectifier: nn.Module, rule: Any, masks: bool
) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), rectifier, nn.Conv2d(4, 2, 3)).eval()
    model = from_module(network, preprocess=Preprocessing(size=32, resize=32))
    explorer = ds.Explorer(model, layer="2", architectures=ds.Architecture(relu=rule))
    (architecture,) = explorer.architectures
    steps = layer_trace(explorer._now, architecture, check=lambda: None)
    assert [step.masks for step in steps] == [False, masks, False, False]
    before, after = steps[1].energy, steps[2].energy
    assert after <= before if masks else after != 0
    explorer.close()


def test_a_rectifier_whose_input_is_read_elsewhere_too_is_not_said_to_mask() -> None:
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.first(x)
            made: torch.Tensor = x + self.second(x.relu())
            return made

    model = from_module(Around().eval(), preprocess=Preprocessing(size=32, resize=32))
    explorer = ds.Explorer(model, architectures="TTT")
    (architecture,) = explorer.architectures
    steps = layer_trace(explorer._now, architecture, check=lambda: None)
    assert [step.masks for step in steps if step.kind == "rectifier"] == [False]
    explorer.close()


@pytest.mark.parametrize("layer", ["relu5_3", "pool5"])
def test_the_layer_trace_of_a_deep_neuron_stays_within_its_budget(layer: str) -> None:
    comm = RecordedComm()
    explorer = ds.Explorer(layer=layer, architectures="TTT", comm=comm)
    browser = Browser(explorer, comm, model="vgg16_trunk", layer=layer, architectures=["TTT"])
    browser.ask(aside={"wayBack": "TTT"})
    message = browser.wait_for("_way_back", seq=1)
    assert len(message["_way_back_maps"]) <= BUDGET
    image = message["_way_back"]["steps"][-1]
    assert image["height"] == explorer.reconstructions.window.height
    explorer.close()


def test_the_layer_trace_of_a_class_begins_with_a_vector(browser: Browser) -> None:
    browser.ask(layer="classifier", neuron={"channel": 3, "y": None, "x": None},
                aside={"wayBack": "FTT", "meter": True})  # fmt: skip
    steps = browser.wait_for("_way_back", seq=1)["_way_back"]["steps"]
    assert (steps[0]["name"], steps[0]["rows"], steps[0]["columns"]) == ("classifier", 1, 1)
    assert browser.wait_for("_meters", seq=1, samples=9)
