"""Captured passes: repeated for every neuron of a layer, they draw what a pass of its own draws.

CUDA graphs need a device; here the pass is repeated by running it again into the same tensor.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import deconvscope as ds
from deconvscope.reversal.captured import CapturedPasses
from tests.reversal.agreement import assert_equal_pictures
from tests.reversal.networks import smooth_noise

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]


class Repeater:
    """Stands in for the CUDA graph: runs the pass again, and writes to the tensor of the first time."""

    def __init__(self) -> None:
        self.captures = self.repeats = 0

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        self.captures += 1
        picture = run()

        def repeat() -> None:
            self.repeats += 1
            picture.copy_(run())

        return repeat, picture


def network() -> torch.nn.Sequential:
    torch.manual_seed(3)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(8, 12, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(12, 5),
    ).eval()


@pytest.fixture
def repeater() -> Repeater:
    return Repeater()


@pytest.fixture
def captured(repeater: Repeater) -> ds.Recording:
    rec = ds.ReversedNetwork(network()).record(smooth_noise((24, 24)))
    rec.captured = CapturedPasses(repeater, available=True)
    return rec


@pytest.mark.parametrize(
    "neurons",
    [
        [ds.Neuron("3", 4, 0, 0), ds.Neuron("3", 4, 5, 6), ds.Neuron("3", 11, 9, 9), ds.Neuron("3", 0, 3, 9)],
        [ds.Neuron("7", 1), ds.Neuron("7", 4), ds.Neuron("7", 0)],
    ],
)  # fmt: skip
def test_every_neuron_of_a_layer_is_served_by_one_captured_pass(captured, repeater, neurons):
    plain = ds.ReversedNetwork(network()).record(smooth_noise((24, 24)))
    for neuron in neurons:
        ours, expected = captured.reverse(neuron, THREE), plain.reverse(neuron, THREE)
        for code, a, b in zip(THREE, ours.dense(), expected.dense(), strict=True):
            assert_equal_pictures(a, b, f"{neuron} {code}")
        assert ours.window.height <= ours.dense().shape[2]
    assert repeater.captures == 1
    assert repeater.repeats == len(neurons) - 1  # the first click does not wait for the capture


def test_other_architectures_and_layers_have_passes_of_their_own(captured, repeater):
    for _ in range(3):
        captured.reverse(ds.Neuron("3", 1, 2, 2), THREE)
        captured.reverse(ds.Neuron("3", 1, 2, 2), ds.DESALINET)
        captured.reverse(ds.Neuron("4", 1, 2, 2), THREE)
    assert repeater.captures == 3


def test_an_answer_is_not_overwritten_by_the_next(captured):
    neurons = [ds.Neuron("3", 1, 2, 2), ds.Neuron("3", 1, 2, 2), ds.Neuron("3", 2, 2, 2)]
    _, second, third = [captured.reverse(neuron, THREE) for neuron in neurons]
    before = second.values.clone()
    captured.reverse(ds.Neuron("3", 5, 4, 4), THREE)
    assert torch.equal(second.values, before)
    assert not torch.equal(second.values, third.values)


def test_what_cannot_be_captured_is_reversed_call_by_call(captured):
    def refuse(run: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        raise RuntimeError("operation not permitted when stream is capturing")

    captured.captured = CapturedPasses(refuse, available=True)
    first, second = (captured.reverse(ds.Neuron("3", 1, 2, 2), THREE) for _ in range(2))
    assert torch.equal(first.values, second.values)


def test_lists_are_not_captured_and_forgetting_frees_the_passes(captured, repeater):
    neuron = ds.Neuron("3", 1, 2, 2)
    for _ in range(3):
        captured.reverse([neuron, neuron], THREE)
    assert repeater.captures == 0
    for _ in range(2):
        captured.reverse(neuron, THREE)
    captured.forget()
    with pytest.raises(RuntimeError, match="forgotten"):
        captured.reverse(neuron, THREE)
