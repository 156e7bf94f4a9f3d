"""Weights prepared for the way back: made once, made anew where the weight is another, kept no longer than it."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.reversal.runtime.prepared_weights import PreparedWeights
from tests.reversal.networks import smooth_noise

NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def written_in_place(weight: nn.Parameter) -> None:
    with torch.no_grad():
        weight.mul_(2)


def written_through_data(weight: nn.Parameter) -> None:
    weight.data.mul_(2)


def moved_to_another_type(weight: nn.Parameter) -> None:
    weight.data = weight.data.double()  # as ``Module.to`` does: the parameter stays the same object


def moved_to_another_device(weight: nn.Parameter) -> None:
    weight.data = weight.data.cuda()


@pytest.mark.parametrize(
    "change",
    [
        written_in_place,
        written_through_data,
        moved_to_another_type,
        pytest.param(moved_to_another_device, marks=NEEDS_CUDA),
    ],
)
def test_a_changed_weight_is_prepared_anew(change: Callable[[nn.Parameter], None]) -> None:
    store, weight, made = PreparedWeights(), nn.Parameter(torch.randn(4, 3, 2, 2)), []

    def make(given: Tensor) -> Tensor:
        made.append(given)
        return given.clone()

    for _ in range(2):
        store.get(weight, "copied", torch.float32, make)
        store.keep_unchanged([weight])
    assert len(made) == 1
    change(weight)
    store.keep_unchanged([weight])
    store.get(weight, "copied", torch.float32, make)
    assert len(made) == 2


def test_a_network_of_another_type_is_recorded_and_reversed_again() -> None:
    network, x = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), smooth_noise((8, 8))
    net = ds.ReversedNetwork(network)
    single = net.record(x).reverse(ds.Activations("1"), ds.SALINET).values
    network.double()
    double = net.record(x).reverse(ds.Activations("1"), ds.SALINET).values
    torch.testing.assert_close(double.float(), single)


def test_a_parameter_that_was_exchanged_is_freed_at_the_next_recording() -> None:
    network, x = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), smooth_noise((8, 8))
    net = ds.ReversedNetwork(network)
    net.record(x).reverse(ds.Activations("1"), ds.SALINET)
    former = weakref.ref(network[0].weight)
    network[0].weight = nn.Parameter(torch.randn(4, 3, 3, 3))
    net.record(x)
    assert former() is None
