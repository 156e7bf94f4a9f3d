"""Batch norm and LRN; ``nn.CrossMapLRN2d``, a custom autograd function of torch's own, follows the rule of LRN."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds

from ..slow_twin import ALL
from .alone import assert_reversed_as


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.CrossMapLRN2d(3, alpha=0.8, beta=0.75, k=2),
        nn.Conv2d(6, 6, 3, padding=1),
        nn.ReLU(),
        nn.CrossMapLRN2d(5, alpha=0.5, beta=0.75, k=1),
        nn.Conv2d(6, 2, 3),
    ).double()


def image() -> torch.Tensor:
    return torch.randn(3, 9, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_it_is_a_local_response_norm(network):
    rec = ds.ReversedNetwork(network).record(image())
    assert [layer.kind for layer in rec.layers.values()].count("local response norm") == 2
    assert not rec.coverage().fallbacks


def test_where_lrn_is_bp_it_is_reversed_by_its_own_backward(network):
    leaf = image()[None].requires_grad_()
    y = network(leaf)
    (gradient,) = torch.autograd.grad(y[0, 1, 3, 4], leaf)
    rec = ds.ReversedNetwork(network).record(image())
    torch.testing.assert_close(rec["6"], y[0].detach(), rtol=0, atol=1e-12)
    salient = rec.reverse(ds.Neuron("6", 1, 3, 4), ds.SALINET)[ds.SALINET]
    torch.testing.assert_close(salient, gradient[0], rtol=0, atol=1e-12)


def test_where_lrn_is_the_identity_it_is_left_out(network):
    """The masks are those of the network with its norms; the way back is that of one without."""
    rec = ds.ReversedNetwork(network).record(image())
    activations = {name: rec[name] for name in ("1", "4")}
    for neuron in (ds.Neuron("6", 1, 3, 4), ds.Neuron("6", 0, 0, 6)):
        found = rec.reverse(neuron, ds.DECONVNET)[ds.DECONVNET]
        y_hat = torch.zeros(1, 2, 7, 7, dtype=torch.float64)
        y_hat[0, neuron.channel, neuron.y, neuron.x] = 1
        for layer in ("6", "3", "0"):
            conv = network[int(layer)]
            padding = conv.padding[0]
            y_hat = nn.functional.conv_transpose2d(y_hat, conv.weight.detach(), padding=padding)
            if layer != "0":
                assert y_hat.shape[1:] == activations["4" if layer == "6" else "1"].shape
                y_hat = y_hat.clamp(min=0)
        torch.testing.assert_close(found, y_hat[0], rtol=0, atol=1e-12)


def test_each_architecture_chooses_its_rule(network):
    rec = ds.ReversedNetwork(network).record(image())
    architectures = [ds.Architecture.parse(code) for code in ALL]
    neuron = ds.Neuron("6", 1, 3, 4)
    together = rec.reverse([neuron, ds.Neuron("6", 0, 0, 6)], architectures)[0].dense()
    for architecture, picture in zip(architectures, together, strict=True):
        torch.testing.assert_close(picture, rec.reverse(neuron, architecture).dense()[0])
    salinet, identity = (
        rec.reverse(neuron, ds.Architecture("mask", lrn=lrn)).dense() for lrn in ("bp", "identity")
    )
    assert not torch.allclose(salinet, identity)


def normalised(x: Tensor) -> Tensor:
    mean, variance = torch.linspace(-1, 1, 6).to(x), torch.linspace(0.5, 2, 6).to(x)
    return F.batch_norm(x, mean, variance, weight=mean + 2, bias=mean, eps=0.1)


def test_batch_norm_in_eval_mode_is_affine():
    assert_reversed_as("batch norm", normalised, affine=True)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_where_lrn_is_bp_it_is_the_gradient(size):
    assert_reversed_as(
        "local response norm", lambda x: F.local_response_norm(x, size, 0.8, 0.6, 0.5)
    )
