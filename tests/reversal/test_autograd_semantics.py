"""What counts as constant, and what a write changes: as for automatic differentiation."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds

from .test_custom_functions import Between, compared


def _binarised(x: Tensor) -> Tensor:
    h = x * 1
    h.data = h.data.sign()
    return h


def _normed(x: Tensor) -> Tensor:
    with torch.no_grad():
        largest = x.amax()
    return x / largest


def _written_under_no_grad(x: Tensor) -> Tensor:
    h = x * 1
    with torch.no_grad():
        h[:, 0] = 2
        h.mul_(0.5)
    return h * 3


def _written_through_detach(x: Tensor) -> Tensor:
    h = x * 1
    h.detach().add_(1)
    h.data[:, :, 0].zero_()
    return h * 2


def _alias_read_later(x: Tensor) -> Tensor:
    h = x * 1
    alias = h.detach()
    h.mul_(3)
    return h + alias  # sees what h holds now, without a gradient


def _written_as_numpy(x: Tensor) -> Tensor:
    h = x * 2
    h.detach().numpy()[:] = 1
    return h * x


def _filled_under_no_grad(x: Tensor) -> Tensor:
    made = torch.zeros_like(x)
    with torch.no_grad():
        made.copy_(x)
    return made + x


def _mask_under_no_grad(x: Tensor) -> Tensor:
    with torch.no_grad():
        mask = (x > x.mean()).to(x.dtype)
    return x * mask + x


CASES: dict[str, Callable[[Tensor], Tensor]] = {
    ".data set": _binarised,
    "the largest value under no_grad": _normed,
    "a write under no_grad": _written_under_no_grad,
    "a write through detach and .data": _written_through_detach,
    "a detached alias of what is written": _alias_read_later,
    "a copy under no_grad": _filled_under_no_grad,
    "a mask under no_grad": _mask_under_no_grad,
    "requires_grad_": lambda x: x.requires_grad_() * 2,
    "requires_grad set": lambda x: _with_flag(x) * 2,
    "retain_grad": lambda x: _with_grad_kept(x) * 2,
    "a choice by is_grad_enabled": lambda x: x * (3 if torch.is_grad_enabled() else 5),
    "a choice by requires_grad": lambda x: x * (3 if x.requires_grad else 5),
    "set_grad_enabled": lambda x: _switched(x),
}


def _with_flag(x: Tensor) -> Tensor:
    x.requires_grad = True
    return x


def _with_grad_kept(x: Tensor) -> Tensor:
    x.retain_grad()
    return x


def _switched(x: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    scale = x.abs().mean()
    torch.set_grad_enabled(True)
    return x / scale


@pytest.mark.parametrize("case", CASES)
def test_salinet_is_the_gradient_that_autograd_finds(case: str) -> None:
    if case == "requires_grad set":
        network: nn.Module = nn.Sequential(_AtTheImage(CASES[case]), nn.Conv2d(3, 2, 3))
    else:
        network = Between(CASES[case])
    _, salient, gradient = compared(network, torch.randn(3, 8, 8))
    assert float(gradient.abs().max()) > 0
    assert torch.allclose(salient, gradient, rtol=1e-9, atol=1e-12)


class _AtTheImage(nn.Module):
    def __init__(self, then: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.then = then

    def forward(self, x: Tensor) -> Tensor:
        return self.then(x)


@pytest.mark.parametrize("case", CASES)
def test_a_recording_leaves_the_state_of_autograd_as_it_was(case: str) -> None:
    with torch.no_grad():
        ds.ReversedNetwork(Between(CASES[case])).record(torch.randn(3, 8, 8))
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


# --- parts under no_grad -----------------------------------------------------------------------------------


class Frozen(nn.Module):
    """A backbone under ``no_grad``, and a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            features = self.backbone(x)
        return self.head(features)


def test_a_frozen_backbone_is_refused_with_the_choice_that_opens_it() -> None:
    with pytest.raises(ds.RecordingError, match="through_no_grad=True"):
        ds.ReversedNetwork(Frozen()).record(torch.randn(3, 8, 8))


def test_a_frozen_backbone_is_reversed_where_that_is_chosen() -> None:
    network, x = Frozen(), torch.randn(3, 8, 8)
    rec = ds.ReversedNetwork(network, through_no_grad=True).record(x)
    plain = nn.Sequential(*network.backbone, network.head)
    twin = ds.ReversedNetwork(plain).record(x)
    ours = rec.reverse(ds.Neuron("head", 0, 1, 2), ds.EIGHT).dense()
    theirs = twin.reverse(ds.Neuron("3", 0, 1, 2), ds.EIGHT).dense()
    assert torch.equal(ours, theirs)
    assert rec.coverage().through_no_grad == ("the network",)
    assert "no_grad" in str(rec.coverage()) and torch.is_grad_enabled()


def test_what_is_constant_for_autograd_is_listed() -> None:
    stops = ds.ReversedNetwork(Between(_normed)).record(torch.randn(3, 8, 8)).coverage().stops
    assert stops == ("the network: amax under no_grad",)


# --- refusals ----------------------------------------------------------------------------------------------


def _own_gradient(x: Tensor) -> Tensor:
    h = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad((x * h).sum(), x, create_graph=True)
    return gradient


def test_a_network_that_differentiates_itself_is_refused() -> None:
    with pytest.raises(ds.RecordingError, match="differentiates"):
        ds.ReversedNetwork(Between(_own_gradient)).record(torch.randn(3, 8, 8))


def _quantised(kind: str) -> nn.Module:
    if kind == "dynamic":
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 5))
        return torch.ao.quantization.quantize_dynamic(network, {nn.Linear})  # type: ignore[no-any-return]
    return Between(
        lambda x: (
            torch.quantize_per_tensor(x, 0.1, 0, torch.qint8).dequantize()
            if kind == "in forward"
            else x
        )
    )


@pytest.mark.parametrize("kind", ["dynamic", "in forward"])
def test_quantised_arithmetic_is_refused_with_the_reason(kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao.quantization is to move to another package
        network = _quantised(kind)
    with pytest.raises(ds.RecordingError, match="quantised numbers.*floating-point network"):
        ds.ReversedNetwork(network).record(torch.randn(3, 8, 8))


class Prediction:
    """What some networks return."""

    def __init__(self, scores: Tensor) -> None:
        self.scores, self.classes = scores, ["a", "b"]


@dataclass
class Nested:
    """Another."""

    prediction: Prediction


class Returns(nn.Module):
    """A convolution and what a test makes of it."""

    def __init__(self, made: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.conv, self.made = nn.Conv2d(3, 2, 3), made

    def forward(self, x: Tensor) -> Any:
        return self.made(self.conv(x))


@pytest.mark.parametrize(
    "returned",
    [
        Prediction,
        lambda y: Nested(Prediction(y)),
        lambda y: {"out": [Prediction(y)]},
        lambda y: (y.argmax(1), y),
    ],
)
def test_tensors_inside_what_a_network_returns_are_found(returned: Callable[[Tensor], Any]) -> None:
    assert ds.ReversedNetwork(Returns(returned)).record(torch.randn(3, 8, 8)).output_layer == "conv"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda y: y.argmax(1), "only integers.*wrap it"),
        (lambda y: "cat", "returns str.*wrap it"),
        (lambda y: torch.zeros(2), "does not depend on the image"),
        (lambda y: y.detach(), "does not depend on the image.*detach"),
    ],
)
def test_a_network_without_a_result_to_reverse_from_is_refused_with_advice(
    returned: Callable[[Tensor], Any], said: str
) -> None:
    with pytest.raises(ds.RecordingError, match=said):
        ds.ReversedNetwork(Returns(returned)).record(torch.randn(3, 8, 8))


def test_parts_of_a_tensor_written_in_place_are_recorded_or_refused_clearly() -> None:
    def between(x: Tensor) -> Tensor:
        h = x * 1
        h.chunk(2, 1)[0].mul_(2)  # which autograd refuses
        return F.relu(h)

    rec = ds.ReversedNetwork(Between(between)).record(torch.randn(3, 8, 8))
    assert torch.equal(rec["relu"][:2], (rec["before"][:2] * 2).relu())
    assert torch.equal(rec["relu"][2:], rec["before"][2:].relu())


@pytest.mark.parametrize(
    "view",
    [lambda h: h.unfold(2, 3, 1), lambda h: h.as_strided((1, 4, 8, 7), (256, 64, 6, 1))],
)
def test_a_write_through_a_view_that_holds_values_twice_is_refused(
    view: Callable[[Tensor], Tensor],
) -> None:
    def between(x: Tensor) -> Tensor:
        h = x * 1
        view(h).mul_(2)
        return h

    with pytest.raises(ds.RecordingError, match="several times.*write to a copy"):
        ds.ReversedNetwork(Between(between)).record(torch.randn(3, 8, 8))


def test_a_write_through_a_view_that_holds_values_once_is_followed() -> None:
    def between(x: Tensor) -> Tensor:
        h = x * 1
        h.unfold(2, 2, 2).mul_(2)
        h.as_strided((1, 4, 8, 4), (256, 64, 8, 2)).sigmoid_()
        return h

    _, salient, gradient = compared(Between(between), torch.randn(3, 8, 8))
    assert torch.allclose(salient, gradient, rtol=1e-9, atol=1e-12)


def test_writes_from_outside_torch_into_memory_that_was_handed_out_are_noticed() -> None:
    def between(x: Tensor) -> Tensor:
        x = x * 1
        outside = x.detach().numpy()
        x.mul_(2)
        outside[:, :2] = 3
        return x.sin()

    _, salient, gradient = compared(Between(between), torch.randn(3, 8, 8))
    assert torch.allclose(salient, gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("through_no_grad", [False, True])
def test_a_network_in_inference_mode_is_refused_with_the_remedy(through_no_grad: bool) -> None:
    def between(x: Tensor) -> Tensor:
        with torch.inference_mode():
            return x.relu()

    net = ds.ReversedNetwork(Between(between), through_no_grad=through_no_grad)
    with pytest.raises(ds.RecordingError, match="inference_mode.*remove it, or use torch.no_grad"):
        net.record(torch.randn(3, 8, 8))
