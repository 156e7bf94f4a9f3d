"""Where memory does not suffice, batches are halved; where one neuron does not fit, the error says what to do."""

from __future__ import annotations

import pytest
import torch

import deconvscope as ds
from deconvscope.reversal.backward import run as reversing
from deconvscope.reversal.backward.captured_passes import CapturedPasses
from tests.reversal.networks import smooth_noise
from tests.reversal.operator_graph import OperatorGraph

THREE = [ds.DECONVNET, ds.SALINET, ds.DESALINET]


@pytest.fixture
def rec() -> ds.Recording:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3), torch.nn.ReLU())
    return ds.ReversedNetwork(network).record(smooth_noise((12, 12)))


OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def limited_to(
    rows: int, monkeypatch: pytest.MonkeyPatch, error: RuntimeError = OUT_OF_MEMORY
) -> list[int]:
    """Let batches of more rows than so many fail as a device out of memory does; the sizes that were tried."""
    run_back, tried = reversing.run_back, []

    def failing(recording, slot, y_hat, batch, watch=None):
        tried.append(batch.rows)
        if batch.rows > rows:
            raise error
        return run_back(recording, slot, y_hat, batch, watch)

    monkeypatch.setattr(reversing, "run_back", failing)
    return tried


@pytest.mark.parametrize("rows", [1, 2, 4, 7])
def test_smaller_batches_give_the_same_pictures(rec, monkeypatch, rows):
    neurons = [ds.Neuron("1", c, y, 4) for c in range(3) for y in (0, 5)]
    expected = [rec.reverse(neuron, THREE).dense() for neuron in neurons]
    tried = limited_to(rows, monkeypatch)
    for a, b in zip(rec.reverse(neurons, THREE), expected, strict=True):
        torch.testing.assert_close(a.dense(), b)
    assert max(tried) > rows


def test_captured_passes_make_room(rec, monkeypatch):
    rec.reversed_graph.captured = CapturedPasses(OperatorGraph, available=True)
    for _ in range(2):
        rec.reverse(ds.Activations("1"), THREE)
    assert len(rec.reversed_graph.captured) == 1
    tried = limited_to(1, monkeypatch)
    rec.reverse(ds.Neuron("0", 0, 0, 0), THREE)
    assert 1 in tried
    assert len(rec.reversed_graph.captured) == 0


def test_what_does_not_fit_alone_is_a_clear_error(rec, monkeypatch):
    limited_to(0, monkeypatch)
    with pytest.raises(
        ds.MemoryLimitError, match=r"12×12 pixels does not fit in the memory of cpu; use a smaller"
    ):
        rec.reverse(ds.Neuron("1", 0, 0, 0), THREE)


@pytest.mark.parametrize(
    "told",
    [
        "MPS backend out of memory (MPS allocated: 12.74 GB). Tried to allocate 1.02 GB on private pool.",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: not enough memory: you tried to allocate",
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to",
    ],
)
def test_every_device_tells_it_in_words_of_its_own(rec, monkeypatch, told):
    limited_to(0, monkeypatch, RuntimeError(told))
    with pytest.raises(ds.MemoryLimitError):
        rec.reverse(ds.Neuron("1", 0, 0, 0), THREE)


@pytest.mark.parametrize("of_the_image", [True, False])
def test_an_image_that_does_not_fit_is_a_clear_error(of_the_image):
    class Large(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.nn.functional.pad(x if of_the_image else torch.ones(3), (0, 1 << 45))

    with pytest.raises(ds.MemoryLimitError, match="recording an image of 12×9 .* of cpu; use a"):
        ds.ReversedNetwork(Large()).record(smooth_noise((12, 9)))


def test_other_errors_pass(rec, monkeypatch):
    def broken(*args: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(reversing, "run_back", broken)
    with pytest.raises(RuntimeError, match="something else"):
        rec.reverse([ds.Neuron("1", 0, 0, 0)] * 2, THREE)
