"""Rectifiers written by hand are rectifiers where that is certain, and marked in the coverage report elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds


class Rectified(nn.Module):
    """Three convolutions with whatever a test writes between them."""

    def __init__(self, rectifier: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 4, 3, padding=1).double()
        self.second = nn.Conv2d(4, 4, 3, padding=1).double()
        self.last = nn.Conv2d(4, 2, 3, padding=1).double()
        self.rectifier = rectifier

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.rectifier(self.second(self.rectifier(self.first(x)))))


def image() -> Tensor:
    return torch.randn(3, 9, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def record(rectifier: Callable[[Tensor], Tensor]) -> ds.Recording:
    return ds.ReversedNetwork(Rectified(rectifier)).record(image())


def pictures(rec: ds.Recording) -> Tensor:
    neurons = [ds.Neuron("last", 1, 4, 4), ds.Neuron("last", 0, 0, 8)]
    return torch.stack([one.dense() for one in rec.reverse(neurons, ds.EIGHT)])


def zero(x: Tensor) -> Tensor:
    return torch.zeros((), dtype=x.dtype)


def written(x: Tensor, write: Callable[[Tensor], object]) -> Tensor:
    write(x)
    return x


def cleared(x: Tensor) -> Tensor:
    x[x < 0] = 0
    return x


def cleared_with(x: Tensor) -> Tensor:
    x[x <= 0] = zero(x)
    return x


SURE: dict[str, Callable[[Tensor], Tensor]] = {
    "x * (x > 0)": lambda x: x * (x > 0),
    "(x > 0) * x": lambda x: (x > 0) * x,
    "x * x.gt(0).float()": lambda x: x * x.gt(0).float(),
    "x * (x >= 0).to(x)": lambda x: x * (x >= 0).to(x),
    "x * ~(x < 0)": lambda x: x * ~(x < 0),
    "x * (x > 0).int()": lambda x: x * (x > 0).int(),
    "x * (1 - (x < 0))": lambda x: x * (1 - (x < 0).double()),
    "x.mul_(x > 0)": lambda x: x.mul_(x > 0),
    "x * heaviside(x)": lambda x: x * torch.heaviside(x, zero(x)),
    "x * heaviside(x.detach())": lambda x: x * torch.heaviside(x.detach(), zero(x)),
    "x * (x.detach() > 0)": lambda x: x * (x.detach() > 0),
    "x * (x.data > 0)": lambda x: x * (x.data > 0),
    "where(x > 0, x, 0)": lambda x: torch.where(x > 0, x, 0),
    "where(x > 0, x, 0.)": lambda x: torch.where(x > 0, x, zero(x)),
    "where(x < 0, zeros, x)": lambda x: torch.where(x < 0, torch.zeros_like(x), x),
    "x.where(x > 0, 0)": lambda x: x.where(x > 0, zero(x)),
    "masked_fill(x < 0, 0)": lambda x: x.masked_fill(x < 0, 0),
    "masked_fill_(x <= 0, 0)": lambda x: x.masked_fill_(x <= 0, 0.0),
    "x[x < 0] = 0": cleared,
    "x[x <= 0] = zero": cleared_with,
}  # fmt: skip

MARKED: dict[str, Callable[[Tensor], Tensor]] = {
    "einsum": lambda x: torch.einsum("bchw,bchw->bchw", x, (x > 0).double()),
    "x / mask": lambda x: x / torch.where(x > 0, 1.0, torch.inf),
    "x * (x > 0.1)": lambda x: x * (x > 0.1),
    "x * (mean > 0)": lambda x: x * (x.mean(1, keepdim=True) > 0),
    "x * (1 + sign)": lambda x: x * (1 + torch.sign(x)),
    "leaky by where": lambda x: torch.where(x > 0, x, 0.1 * x),
    "leaky by product": lambda x: x * (0.1 + 0.9 * (x > 0)),
    "another tensor's mask": lambda x: (2 * x) * (x > 0),
    "x * one_hot": lambda x: x * F.one_hot(x.argmax(1), 4).permute(0, 3, 1, 2),
    "x * any": lambda x: x * (x > 0.5).any(1, keepdim=True),
    "x * (x > 0).view": lambda x: (x.flatten(1) * (x > 0).flatten(1)).view(x.shape),
    "addcmul": lambda x: torch.addcmul(zero(x), x, (x > 0).double()),
    "masked_fill(x < 0, 1)": lambda x: x.masked_fill(x < 0, 1),
    "x[0, x[0] < 0] = 0": lambda x: written(x, lambda x: x.__setitem__((0, x[0] < 0), 0)),
    "x[..., mask of places] = 0": lambda x: written(x, lambda x: x.__setitem__((..., x[0, 0] < 0), 0)),
    "index_put": lambda x: x.index_put((x < -0.2,), zero(x)),
    "masked_scatter": lambda x: x.masked_scatter(x < 0, torch.zeros_like(x)),
    "(x + |x|) / 2": lambda x: (x + x.abs()) / 2,
    "maximum(x, -x)": lambda x: torch.maximum(x, -x),
}  # fmt: skip

UNMARKED: dict[str, Callable[[Tensor], Tensor]] = {
    "a box written": lambda x: written(x * 1, lambda x: x[:, :2].copy_(x[:, 2:] - x[:, :2])),
    "x[..., 0] = clipped": lambda x: written(x * 1, lambda x: x.__setitem__((..., 0), x[..., 1] / 2)),
    "rows chosen": lambda x: written(
        x * 1, lambda x: x[0].__setitem__(x[0].mean((1, 2)) > 0, torch.zeros((), dtype=x.dtype))
    ),
    "a constant mask": lambda x: x * (torch.arange(9) > 2),
    "where of a constant": lambda x: torch.where(torch.arange(9) > 2, x, 0),
    "masked_fill of a constant": lambda x: x.masked_fill(torch.ones(9, 9, dtype=torch.bool).triu(1), 0),
    "x / count": lambda x: x / (1 + (x > 0).sum((2, 3), keepdim=True)),
    "x + mask": lambda x: x + (x > 0),
    "x / |x|": lambda x: x / (1 + x.detach().norm()),
}  # fmt: skip


@pytest.mark.parametrize("name", SURE)
def test_a_product_with_its_own_mask_is_a_rectifier_under_every_architecture(name):
    rec, plain = record(SURE[name]), record(F.relu)
    torch.testing.assert_close(rec["last"], plain["last"], rtol=0, atol=1e-12)
    torch.testing.assert_close(pictures(rec), pictures(plain), rtol=0, atol=1e-12)
    assert rec.coverage().counts()["rectifier"] == 2
    assert not rec.coverage().suspicious


def assert_salinet_is_the_gradient(rectifier: Callable[[Tensor], Tensor]) -> ds.Recording:
    rec, leaf = record(rectifier), image()[None].requires_grad_()
    y = Rectified(rectifier)(leaf)
    torch.testing.assert_close(rec["last"], y[0].detach(), rtol=0, atol=1e-12)
    (gradient,) = torch.autograd.grad(y[0, 1, 4, 4], leaf)
    salient = rec.reverse(ds.Neuron("last", 1, 4, 4), ds.SALINET)[ds.SALINET]
    torch.testing.assert_close(salient, gradient[0], rtol=0, atol=1e-12)
    return rec


@pytest.mark.parametrize("name", MARKED)
def test_what_may_be_a_rectifier_is_marked(name):
    coverage = assert_salinet_is_the_gradient(MARKED[name]).coverage()
    assert len(coverage.suspicious) >= 2
    assert "rectifier-like" in str(coverage)


@pytest.mark.parametrize("name", UNMARKED)
def test_what_is_no_rectifier_has_no_mark(name):
    assert not assert_salinet_is_the_gradient(UNMARKED[name]).coverage().suspicious


def test_a_mask_of_zeros_at_zero_keeps_the_gradient_of_its_author():
    def rectifier(x: Tensor) -> Tensor:
        x = x * (torch.arange(9) % 2)
        return x * (x >= 0)

    rec = assert_salinet_is_the_gradient(rectifier)
    assert rec.coverage().counts()["rectifier"] == 2


def test_a_step_function_alone_passes_nothing_back():
    rec = record(lambda x: x + torch.heaviside(x, zero(x)))
    assert rec.coverage().counts()["step function"] == 2
    salient = rec.reverse(ds.Neuron("last", 1, 4, 4), ds.SALINET)
    linear = record(lambda x: x * 1).reverse(ds.Neuron("last", 1, 4, 4), ds.SALINET)
    torch.testing.assert_close(salient.dense(), linear.dense(), rtol=0, atol=1e-12)
