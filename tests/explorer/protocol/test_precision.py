"""The precision of the reversal: it can be chosen, and the status line shows it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

import deconvscope as ds
from deconvscope.explorer.protocol import responses
from deconvscope.models import Model
from deconvscope.reversal import Capability, Recording
from deconvscope.reversal.backward import reversed_graph
from deconvscope.reversal.runtime import capabilities

from ..recorded_browser import Browser, RecordedComm


def test_it_is_the_network_s_own_unless_another_is_asked_for(small_model: Model) -> None:
    explorer = ds.Explorer(small_model)
    assert explorer._network["precision"] == "float32"
    explorer.close()
    doubled = Model(
        small_model.network.double(), small_model.preprocess, None, "doubled", "doubled"
    )
    explorer = ds.Explorer(doubled)
    assert explorer._network["precision"] == "float64"
    explorer.close()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_pictures_are_computed_in_it(small_model: Model, precision: str) -> None:
    explorer = ds.Explorer(
        small_model, precision=precision, neuron=ds.Neuron("features.4", 2, 5, 6)
    )
    assert explorer._network["precision"] == precision
    network = ds.ReversedNetwork(small_model.network, precision=precision)
    expected = network.record(explorer.recording.input).reverse(explorer.neuron, ds.DECONVNET)
    made, exact = explorer.reconstructions, ds.ReversedNetwork(small_model.network)
    assert torch.equal(made[ds.DECONVNET], expected.dense()[0])
    alike = exact.record(explorer.recording.input).reverse(explorer.neuron, ds.DECONVNET).dense()[0]
    assert torch.equal(made[ds.DECONVNET], alike) == (precision == "float32")
    explorer.close()


@pytest.mark.parametrize(("device", "name"), [("cuda", "tf32"), ("cpu", "float32")])
def test_tf32_is_shown_on_a_device_that_has_it(
    small_model: Model, monkeypatch: pytest.MonkeyPatch, device: str, name: str
) -> None:
    explorer = ds.Explorer(small_model, precision="tf32")
    image = SimpleNamespace(device=torch.device(device), dtype=torch.float32)
    monkeypatch.setattr(Recording, "input", image)
    assert responses.precision(explorer.recording) == name
    monkeypatch.undo()
    explorer.close()


def test_it_stays_when_the_model_and_the_image_change(small_model: Model) -> None:
    comm = RecordedComm()
    explorer = ds.Explorer(small_model, precision="bfloat16", comm=comm)
    received = Browser(explorer, comm).ask(model="mobilenet_v2", image="coffee", layer=None)
    network = Browser(explorer, comm).wait_for("_network", model="mobilenet_v2")["_network"]
    assert network["precision"] == "bfloat16" and received
    explorer.close()


@pytest.mark.parametrize("precision", ["float8", "", 16, True])
def test_another_is_refused_with_those_that_there_are(small_model: Model, precision: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="bfloat16"):
        ds.Explorer(small_model, precision=precision)


# --- what is otherwise on this machine ---------------------------------------------------------------------


def labels(explorer: ds.Explorer) -> list[str]:
    return [difference["label"] for difference in explorer._network["differences"]]


@pytest.fixture
def _as_on_most_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("packed_convolution", "channels_last", "reduced_arithmetic", "tf32"):
        monkeypatch.setattr(capabilities, name, lambda *given: Capability(True))
    monkeypatch.setattr(reversed_graph, "reduced_arithmetic", lambda *given: Capability(True))


@pytest.mark.usefixtures("_as_on_most_machines")
@pytest.mark.parametrize("precision", [None, "bfloat16"])
def test_nothing_is_said_on_most_machines(small_model: Model, precision: str | None) -> None:
    explorer = ds.Explorer(small_model, precision=precision)
    assert labels(explorer) == []
    explorer.close()


@pytest.mark.usefixtures("_as_on_most_machines")
@pytest.mark.parametrize(
    ("missing", "precision", "label"),
    [
        ("reduced_arithmetic", "bfloat16", "sums in float32"),
        ("packed_convolution", None, "plain convolutions"),
        ("channels_last", None, "plain order"),
        ("tf32", "tf32", "no TF32"),
    ],
)
def test_what_is_missing_is_said_with_its_reason(
    small_model: Model,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    precision: str | None,
    label: str,
) -> None:
    for module in (capabilities, reversed_graph):
        if hasattr(module, missing):
            monkeypatch.setattr(module, missing, lambda *given: Capability(False, "none here"))
    explorer = ds.Explorer(small_model, precision=precision)
    assert labels(explorer) == [label]
    assert "none here" in explorer._network["differences"][0]["reason"]
    explorer.close()


def test_a_network_in_double_precision_is_not_said_to_lack_what_it_never_has(
    small_model: Model,
) -> None:
    doubled = Model(
        small_model.network.double(), small_model.preprocess, None, "doubled", "doubled"
    )
    explorer = ds.Explorer(doubled)
    assert labels(explorer) == []
    explorer.close()
