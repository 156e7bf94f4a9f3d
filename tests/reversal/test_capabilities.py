"""A faster way is used where it was tried and is right; elsewhere the public one draws the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.reversal.backward import captured_passes as captured
from deconvscope.reversal.backward import reversed_graph
from deconvscope.reversal.backward.captured_passes import CapturedPasses
from deconvscope.reversal.neurons import Seed
from deconvscope.reversal.runtime import capabilities
from deconvscope.reversal.runtime.capabilities import Capability
from deconvscope.reversal.runtime.torch_internals import packed_operators

from .agreement import difference
from .networks import smooth_noise

CPU = torch.device("cpu")
NEURON = ds.Neuron("4", 3, 2, 2)
NEEDS_OPERATORS = pytest.mark.skipif(
    not capabilities.packed_convolution(torch.float32), reason="needs packed convolution"
)
PACKED = "_convolution_pointwise"


@pytest.fixture(autouse=True)
def _nothing_tried_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_found", {})


def network() -> nn.Sequential:
    """Convolutions of every kind that is packed, or has filters in an order of its own."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 5, padding=2),
        nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=2),
        nn.ConvTranspose2d(8, 6, 3),
        nn.AvgPool2d(2),
    ).eval()


def recorded(module: nn.Module | None = None, precision: str | None = None) -> ds.Recording:
    module = module or network()
    torch.manual_seed(1)
    return ds.ReversedNetwork(module, precision=precision).record(smooth_noise((12, 12)))


def pictures(module: nn.Module | None = None, precision: str | None = None) -> Tensor:
    return recorded(module, precision).reverse(NEURON, ds.EIGHT).dense()


@pytest.fixture
def expected() -> Tensor:
    return pictures(network().double()).float()


@contextmanager
def without_onednn() -> Iterator[None]:
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = True  # type: ignore[assignment]


# --- packed convolution ------------------------------------------------------------------------------------


def replaced(monkeypatch: pytest.MonkeyPatch, made: Callable[..., Tensor]) -> Any:
    """Put another operator in the place of the packed convolution; return the one that was there."""
    operator = getattr(torch.ops.mkldnn, PACKED)
    monkeypatch.setattr(torch.ops.mkldnn, PACKED, made)
    return operator


def refuses(x: Tensor, *args: Any) -> Tensor:
    raise RuntimeError("this path needs the cpu support of another cpu\nand a second line")


def is_wrong(x: Tensor, packed: Tensor, *args: Any) -> Tensor:
    return torch.zeros(x.shape[0], packed.shape[0], *x.shape[2:])


def is_called_otherwise(x: Tensor, packed: Tensor) -> Tensor:
    return x


@NEEDS_OPERATORS
@pytest.mark.parametrize(
    ("operator", "reason"),
    [
        (refuses, "this path needs the cpu support of another cpu"),
        (is_wrong, "differs from the plain convolution by 100"),
        (is_called_otherwise, "takes 2 positional arguments"),
    ],
)
def test_an_operator_that_does_not_give_the_right_values_is_not_used(
    monkeypatch, expected, operator, reason
):
    replaced(monkeypatch, operator)
    assert difference(pictures(), expected) < 1e-5
    packed = capabilities.packed_convolution(torch.float32)
    assert not packed and reason in packed.reason and "\n" not in packed.reason


@NEEDS_OPERATORS
@pytest.mark.parametrize("name", [PACKED, "_reorder_convolution_weight"])
def test_operators_that_are_gone_cost_no_picture(monkeypatch, expected, name):
    monkeypatch.setattr(torch.ops.mkldnn, name, None)
    assert packed_operators() is None
    assert difference(pictures(), expected) < 1e-5
    assert "no packed convolution" in capabilities.packed_convolution(torch.float32).reason


@NEEDS_OPERATORS
def test_an_operator_that_fails_for_a_signal_is_used_no_longer(monkeypatch, expected):
    calls = []

    def small_ones_only(x: Tensor, *args: Any) -> Tensor:
        calls.append(x.shape)
        if x.shape[0] > 2:
            raise RuntimeError("could not create a primitive")
        return operator(x, *args)

    operator = replaced(monkeypatch, small_ones_only)
    assert difference(pictures(), expected) < 1e-5
    tried = len(calls)
    assert tried == 2, "one try, and one signal of eight architectures"
    assert capabilities.packed_convolution(torch.float32).reason == "could not create a primitive"
    assert difference(pictures(), expected) < 1e-5
    assert len(calls) == tried


@NEEDS_OPERATORS
def test_memory_that_does_not_suffice_switches_nothing_off(monkeypatch):
    def too_large(x: Tensor, *args: Any) -> Tensor:
        if x.shape[0] > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return operator(x, *args)

    operator = replaced(monkeypatch, too_large)
    assert pictures().shape == (8, 3, 12, 12), "in halves"
    assert capabilities.packed_convolution(torch.float32)


@NEEDS_OPERATORS
def test_onednn_may_be_switched_off_and_on(expected):
    recording = recorded()
    before = recording.reverse(NEURON, ds.EIGHT).dense()
    with without_onednn():
        assert "switched off" in capabilities.packed_convolution(torch.float32).reason
        off = recording.reverse(NEURON, ds.EIGHT).dense()
    assert torch.equal(recording.reverse(NEURON, ds.EIGHT).dense(), before)
    assert difference(off, before) < 1e-5


@NEEDS_OPERATORS
def test_each_way_is_tried_once_and_tells_the_same_to_every_thread(monkeypatch):
    tried = []

    def counted(dtype: torch.dtype, *args: Any) -> Capability:
        tried.append(dtype)
        return Capability(False, "tried")

    monkeypatch.setattr(capabilities, "_try_packed", counted)
    for _ in range(3):
        assert not capabilities.packed_convolution(torch.float32)
    assert tried == [torch.float32]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(capabilities.packed_convolution, [torch.float64] * 32))
    assert all(one is told[0] for one in told)


def test_trying_draws_no_random_numbers_and_builds_no_graph():
    state = torch.get_rng_state()
    with torch.enable_grad():
        capabilities.packed_convolution(torch.float32)
        capabilities.channels_last(torch.float32, CPU)
    assert torch.equal(torch.get_rng_state(), state)


# --- types of half a float32 -------------------------------------------------------------------------------


def bfloat16(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """Let the processor have bfloat16 arithmetic, or not; what it computes is right either way."""
    told = Capability(there, "" if there else "no such instructions")
    monkeypatch.setattr(reversed_graph, "reduced_arithmetic", lambda dtype, device: told)


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("precision", ["bfloat16", None])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_pictures_in_half_precision_are_close_on_any_processor(
    monkeypatch, there, precision, dtype
):
    bfloat16(monkeypatch, there)
    module = network().to(dtype)
    a, b = pictures(module, precision), pictures(module, "float32")
    assert a.dtype == dtype
    assert difference(a.float(), b.float()) < 0.02


def test_without_the_instructions_only_the_picture_is_rounded(monkeypatch):
    exact, rounded = pictures(), []
    for there in (False, True):
        bfloat16(monkeypatch, there)
        rounded.append(pictures(precision="bfloat16"))
    assert torch.equal(rounded[0], exact.bfloat16().float())
    assert difference(rounded[1], exact) > difference(rounded[0], exact) > 0


@NEEDS_OPERATORS
def test_a_processor_is_asked_by_the_convolution_that_it_would_run(monkeypatch):
    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_convolution_weight", refuses)
    assert "another cpu" in capabilities.reduced_arithmetic(torch.bfloat16, CPU).reason
    rounded = pictures().bfloat16().float()
    assert torch.equal(pictures(precision="bfloat16"), rounded)


# --- the order of memory -----------------------------------------------------------------------------------


@NEEDS_OPERATORS
def test_maps_are_brought_into_plain_order_where_kernels_are_wrong_otherwise(monkeypatch, expected):
    """As Metal's were, for some sizes."""
    monkeypatch.setattr(torch.ops.mkldnn, PACKED, None)

    def wrong_in_channels_last(convolution: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def convolve(x: Tensor, weight: Tensor, *args: Any) -> Tensor:
            y = convolution(x, weight, *args)
            return y if x.is_contiguous() and weight.is_contiguous() else y.flip(2)

        return convolve

    recording = recorded()
    with monkeypatch.context() as broken:
        for name in ("conv2d", "conv_transpose2d"):
            broken.setattr(F, name, wrong_in_channels_last(getattr(F, name)))
        ours = recording.reverse(NEURON, ds.EIGHT).dense()
        assert "differs" in capabilities.channels_last(torch.float32, CPU).reason
    monkeypatch.setattr(capabilities, "_found", {})
    assert capabilities.channels_last(torch.float32, CPU)
    assert difference(ours, recording.reverse(NEURON, ds.EIGHT).dense()) < 1e-5


# --- devices -----------------------------------------------------------------------------------------------


def test_a_device_without_float64_or_graphs_is_told_with_the_reason():
    nowhere = torch.device("meta")
    assert capabilities.double_precision(CPU)
    assert capabilities.double_precision(nowhere).reason
    assert capabilities.cuda_graphs(CPU).reason == "no CUDA device"
    assert not capabilities.tf32(CPU)


@pytest.mark.parametrize("works", [False, True])
def test_passes_are_captured_only_on_a_device_that_replayed_one(monkeypatch, works):
    asked = []

    def sizes(*args: Any) -> dict[int, int]:
        asked.append(args)
        raise LookupError("captured")

    def capture(run: Callable[[], Tensor], device: torch.device) -> Any:
        raise AssertionError("nothing is captured here")

    monkeypatch.setattr(captured, "cuda_graphs", lambda device: Capability(works, "no graphs"))
    monkeypatch.setattr(captured, "signal_sizes", sizes)
    device = SimpleNamespace(device=torch.device("cuda"))
    graph: Any = device
    batch: Any = SimpleNamespace(lanes=1, architectures=tuple(ds.EIGHT))
    passes, seed = CapturedPasses(capture, available=True), Seed((0,), torch.ones(1))
    run_back: Any = None
    assert passes.reverse(graph, 0, seed, batch, torch.float32, run_back) is None
    if works:
        with pytest.raises(LookupError, match="captured"):
            passes.reverse(graph, 0, seed, batch, torch.float32, run_back)
    else:
        assert passes.reverse(graph, 0, seed, batch, torch.float32, run_back) is None
    assert bool(asked) is works


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_device_has_what_it_is_said_to_have():
    device = torch.device("cuda", 0)
    assert capabilities.cuda_graphs(device)
    assert capabilities.channels_last(torch.float32, device)
    assert capabilities.double_precision(device)
