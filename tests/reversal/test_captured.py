"""Captured passes: replayed for every neuron of a layer, they draw what a pass of its own draws.

CUDA graphs need a device; here an `OperatorGraph` stands in for them.
"""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, assume, event, given, settings
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.reversal.backward import captured_passes as captured_module
from deconvscope.reversal.backward.captured_passes import CapturedPasses
from deconvscope.reversal.runtime import packed_convolution

from .agreement import assert_equal_pictures
from .networks import smooth_noise
from .operator_graph import OperatorGraph
from .random_networks import Example, examples
from .test_random_networks import differentiable, recorded

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]


class Graphs(list[OperatorGraph]):
    """Captures passes; the graphs in the order of their capture."""

    def __call__(self, run: Callable[[], Tensor], device: torch.device) -> OperatorGraph:
        self.append(OperatorGraph(run, device))
        return self[-1]

    @property
    def replays(self) -> int:
        return sum(graph.replays for graph in self)


def with_graphs(rec: ds.Recording) -> Graphs:
    """Let a recording capture its passes, as on a device."""
    graphs = Graphs()
    rec.reversed_graph.captured = CapturedPasses(graphs, available=True)
    return graphs


def network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 5, padding=2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 5),
    ).eval()


@pytest.fixture(autouse=True)
def _unpacked_as_on_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_convolution, "packed_operators", lambda: None)


@pytest.fixture
def rec() -> ds.Recording:
    return ds.ReversedNetwork(network()).record(smooth_noise((12, 12)))


@pytest.fixture
def graphs(rec: ds.Recording) -> Graphs:
    return with_graphs(rec)


@pytest.mark.parametrize(
    "neurons",
    [
        [ds.Neuron("3", 4, 0, 0), ds.Neuron("3", 4, 5, 3), ds.Neuron("3", 11, 5, 5), ds.Neuron("3", 0, 3, 2)],
        [ds.Neuron("7", 1), ds.Neuron("7", 4), ds.Neuron("7", 0)],
    ],
)  # fmt: skip
def test_every_neuron_of_a_layer_is_served_by_one_captured_pass(rec, graphs, neurons):
    plain = ds.ReversedNetwork(network()).record(smooth_noise((12, 12)))
    for neuron in neurons:
        ours, expected = rec.reverse(neuron, THREE), plain.reverse(neuron, THREE)
        for code, a, b in zip(THREE, ours.dense(), expected.dense(), strict=True):
            assert_equal_pictures(a, b, f"{neuron} {code}")
        assert ours.window == expected.window
    assert len(graphs) == 1
    assert graphs.replays == len(neurons) - 1  # the first click does not wait for the capture


@pytest.mark.lengthy
@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(examples())
def test_random_networks_are_replayed_as_they_are_reversed(example: Example):
    assume(differentiable(example.network, example.image))
    rec, plain = (recorded(example.network, example.image) for _ in range(2))
    layer, index = example.layer, example.index
    assume(layer in rec.layers and len(rec.layers[layer].shape) == len(index) in (1, 3))
    assume(bool(rec[layer].isfinite().all()))
    graphs, neuron = with_graphs(rec), ds.Neuron(layer, *index)
    with patch.object(captured_module, "LEAST_SHARE", 0):
        for _ in range(3):
            ours = rec.reverse(neuron, ds.EIGHT)
    expected = plain.reverse(neuron, ds.EIGHT)
    event("replayed" if graphs.replays else "launched call by call")
    for code, a, b in zip(ds.EIGHT, ours.dense(), expected.dense(), strict=True):
        assert_equal_pictures(a, b, f"{code}, {graphs.replays} replays")


@pytest.mark.parametrize(
    "pool",
    [
        nn.AvgPool2d(2),
        nn.AdaptiveAvgPool2d(5),
        nn.AdaptiveMaxPool2d(5),
        nn.Upsample(scale_factor=1.5, mode="bilinear"),
    ],
)
def test_pools_and_interpolations_do_not_make_the_host_wait(pool):
    rec = ds.ReversedNetwork(nn.Sequential(nn.Conv2d(3, 4, 3), pool)).record(smooth_noise((9, 9)))
    graphs = with_graphs(rec)
    for _ in range(2):
        rec.reverse(ds.Activations("1"), ds.EIGHT)
    assert graphs.replays == 1


def test_other_architectures_layers_and_selections_have_passes_of_their_own(rec, graphs):
    for _ in range(3):
        rec.reverse(ds.Neuron("3", 1, 2, 2), THREE)
        rec.reverse(ds.Neuron("3", 1, 2, 2), ds.DESALINET)
        rec.reverse(ds.Neuron("4", 1, 2, 2), THREE)
        rec.reverse(ds.Activations("4"), THREE)
    assert len(graphs) == len(rec.reversed_graph.captured) == 4


def test_where_the_window_is_a_small_part_of_the_map_only_the_window_is_computed(rec, graphs):
    for _ in range(3):
        rec.reverse(ds.Neuron("0", 1, 2, 2), THREE)
    assert not graphs
    for _ in range(3):
        rec.reverse(ds.Activations("0"), THREE)
    assert len(graphs) == 1


def test_an_answer_is_not_overwritten_by_the_next(rec, graphs):
    neurons = [ds.Neuron("3", 1, 2, 2), ds.Neuron("3", 1, 2, 2), ds.Neuron("3", 2, 2, 2)]
    _, second, third = [rec.reverse(neuron, THREE) for neuron in neurons]
    before = second.values.clone()
    rec.reverse(ds.Neuron("3", 5, 4, 4), THREE)
    assert torch.equal(second.values, before)
    assert not torch.equal(second.values, third.values)


def test_recordings_on_several_threads_capture_one_after_the_other():
    underway, most = [], []

    def slow(run: Callable[[], Tensor], device: torch.device) -> OperatorGraph:
        underway.append(run)
        time.sleep(0.02)
        most.append(len(underway))
        underway.remove(run)
        return OperatorGraph(run, device)

    def click(_: int) -> None:
        rec = ds.ReversedNetwork(network()).record(smooth_noise((12, 12)))
        rec.reversed_graph.captured = CapturedPasses(slow, available=True)
        for _ in range(2):
            rec.reverse(ds.Neuron("7", 1), THREE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(click, range(4)))
    assert most == [1] * 4


def test_only_so_many_passes_are_kept(rec, graphs, monkeypatch):
    monkeypatch.setattr(captured_module, "PASSES_KEPT", 2)
    neuron = ds.Neuron("3", 1, 2, 2)
    for architecture in (*THREE, THREE[2], THREE[1]):
        for _ in range(2):
            rec.reverse(neuron, architecture)
    assert len(graphs) == 3  # the last two were kept
    assert len(rec.reversed_graph.captured) == 2


# --- what is not captured ----------------------------------------------------------------------------------


def test_a_capture_that_fails_is_told_once_and_the_pass_launched_call_by_call(rec):
    def refuse(run: Callable[[], Tensor], device: torch.device) -> OperatorGraph:
        raise RuntimeError("operation not permitted when stream is capturing")

    rec.reversed_graph.captured = CapturedPasses(refuse, available=True)
    neuron = ds.Neuron("3", 1, 2, 2)
    first = rec.reverse(neuron, THREE)
    with pytest.warns(RuntimeWarning, match="layer '3' .* on cpu.*: operation not permitted"):
        second = rec.reverse(neuron, THREE)
    third = rec.reverse(neuron, THREE)
    assert torch.equal(first.values, second.values) and torch.equal(first.values, third.values)


class Called(nn.Module):
    def __init__(self, then: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.then = then

    def forward(self, x: Tensor) -> Tensor:
        return self.then(x)


@pytest.mark.parametrize(
    "then", [lambda x: F.dropout(x, 0.5, training=True), lambda x: x.cumsum(2)]
)
def test_calls_that_are_run_again_are_never_captured(then):
    rec = ds.ReversedNetwork(nn.Sequential(Called(then), nn.ReLU())).record(smooth_noise((6, 6)))
    graphs = with_graphs(rec)
    for _ in range(3):
        rec.reverse(ds.Activations("1"), THREE)
    assert not graphs


def test_rules_of_a_persons_own_are_never_captured(rec, graphs):
    for _ in range(3):
        rec.reverse(ds.Neuron("4", 1, 2, 2), ds.Architecture(ds.RectGrad(0.1), "switches"))
    assert not graphs


def test_lists_are_not_captured(rec, graphs):
    for _ in range(3):
        rec.reverse([ds.Neuron("3", 1, 2, 2)] * 2, THREE)
    assert not graphs


# --- what a graph reads ------------------------------------------------------------------------------------


def write_in_place(weight: nn.Parameter) -> None:
    with torch.no_grad():
        weight.mul_(-1)


def move(weight: nn.Parameter) -> None:
    weight.data = weight.data.clone()


@pytest.mark.parametrize("change", [write_in_place, move])
@pytest.mark.parametrize("layer", [0, 3, 7])
def test_weights_changed_since_the_capture_are_noticed(change, layer):
    module = network()
    rec = ds.ReversedNetwork(module).record(smooth_noise((12, 12)))
    graphs, neuron = with_graphs(rec), ds.Neuron("7", 1)
    for _ in range(2):
        rec.reverse(neuron, THREE)
    change(module.get_parameter(f"{layer}.weight"))
    with pytest.raises(ds.StaleRecordingError, match=f"layer '{layer}' .*record again"):
        rec.reverse(neuron, THREE)
    assert graphs.replays == 1


def test_weights_changed_before_the_capture_are_noticed_and_not_told_as_a_failed_capture():
    module = network()
    rec = ds.ReversedNetwork(module).record(smooth_noise((12, 12)))
    graphs, neuron = with_graphs(rec), ds.Neuron("7", 1)
    rec.reverse(neuron, THREE)
    write_in_place(module.get_parameter("0.weight"))
    with pytest.raises(ds.StaleRecordingError, match="record again"):
        rec.reverse(neuron, THREE)
    assert not graphs


def test_what_was_prepared_from_the_weights_lives_as_long_as_the_pass():
    module, x = network(), smooth_noise((12, 12))
    net = ds.ReversedNetwork(module)
    rec = net.record(x)
    rec.reversed_graph.captured = CapturedPasses(Forgetful, available=True)
    for _ in range(2):
        rec.reverse(ds.Neuron("3", 1, 2, 2), THREE)
    prepared = [weakref.ref(tensor) for tensor in net.prepared.tensors()]
    module.get_parameter("0.weight").data.mul_(2)
    module.get_parameter("3.weight").data.mul_(2)
    net.record(x)
    assert prepared and all(tensor() is not None for tensor in prepared)
    rec.forget()
    assert all(tensor() is None for tensor in prepared)


class Forgetful(OperatorGraph):
    """Holds addresses and no tensors, as a CUDA graph does."""

    def __init__(self, run: Callable[[], Tensor], device: torch.device) -> None:
        super().__init__(run, device)
        self._launched = []


def test_forgetting_frees_the_passes(rec, graphs):
    neuron = ds.Neuron("3", 1, 2, 2)
    for _ in range(2):
        rec.reverse(neuron, THREE)
    picture = weakref.ref(graphs[0].picture)
    graphs.clear()
    gc.disable()
    try:
        rec.forget()
        assert picture() is None
    finally:
        gc.enable()
    with pytest.raises(ds.StaleRecordingError, match="forgotten"):
        rec.reverse(neuron, THREE)
