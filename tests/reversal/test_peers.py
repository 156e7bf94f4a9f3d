"""Captum and zennit: our equals where they are right, and a proof for where they are not."""

from __future__ import annotations

import copy
from functools import lru_cache

import captum.attr
import pytest
import torch
import torch.nn.functional as F
import zennit.composites
from torch import Tensor, nn

import deconvscope as ds

from .agreement import assert_equal_pictures, difference
from .networks import FIRST, PreActivationBlock, smooth_noise
from .slow_twin import ALL, SlowTwin, one_hot

pytestmark = pytest.mark.lengthy

SUBJECTS = {subject.name: subject for subject in FIRST}
CAPTUM = {
    "DeConvNet": captum.attr.NeuronDeconvolution,
    "DeSaliNet": captum.attr.NeuronGuidedBackprop,
    "SaliNet": captum.attr.NeuronGradient,
}
ZENNIT = {
    "DeConvNet": zennit.composites.DeconvNet,
    "DeSaliNet": zennit.composites.GuidedBackprop,
}
captum_warns = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU activations")


def without_in_place_calls(network: nn.Module) -> nn.Module:
    """Return a copy that the peers can hook."""
    changed = copy.deepcopy(network)
    for part in changed.modules():
        if hasattr(part, "inplace"):
            part.inplace = False  # type: ignore[assignment]
    return changed


def by_captum(network: nn.Module, x: Tensor, neuron: ds.Neuron, architecture: str) -> Tensor:
    layer = network.get_submodule(neuron.layer)
    method = CAPTUM[architecture](network, layer)
    picture: Tensor = method.attribute(x[None].clone().requires_grad_(), neuron.index)
    return picture[0].detach()


def strongest(rec: ds.Recording, layer: str) -> ds.Neuron:
    neuron = rec.resolve(ds.Strongest(layer))
    assert isinstance(neuron, ds.Neuron)
    return neuron


@lru_cache(maxsize=1)
def subject(name: str) -> tuple[ds.Recording, nn.Module, Tensor]:
    network, x = SUBJECTS[name].make()
    return ds.ReversedNetwork(network).record(x), without_in_place_calls(network), x


CHAINS = [
    ("vgg16_trunk", "features.9"),
    ("vgg16_trunk", "features.21"),
    ("vgg16_trunk", "features.30"),
    ("alexnet", "features.5"),
    ("alexnet", "features.12"),
    ("alexnet", "classifier.6"),
    ("vgg11_bn", "features.6"),
    ("vgg11_bn", "features.28"),
    ("resnet18", "layer2.1"),
    ("resnet18", "layer4.0.bn2"),
]


@captum_warns
@pytest.mark.parametrize(("name", "layer"), CHAINS)
def test_captum_on_chains_and_post_activation_residual_networks(name, layer):
    rec, changed, x = subject(name)
    neuron = strongest(rec, layer)
    pictures = rec.reverse(neuron, list(CAPTUM))
    for architecture, ours in zip(CAPTUM, pictures.dense(), strict=True):
        expected = by_captum(changed, x, neuron, architecture)
        assert bool(expected.any())
        assert_equal_pictures(ours, expected, architecture)


@pytest.mark.parametrize(("name", "depth"), [("vgg16_trunk", 22), ("alexnet", 12), ("vgg11_bn", 9)])
def test_zennit_on_chains(name, depth):
    rec, changed, x = subject(name)
    layer = f"features.{depth - 1}"
    chain = nn.Sequential(*list(changed.get_submodule("features"))[:depth])  # type: ignore[call-overload]
    y_hat = torch.randn_like(rec[layer])
    pictures = rec.reverse(ds.Signal(layer, y_hat), list(ZENNIT))
    for architecture, ours in zip(ZENNIT, pictures.dense(), strict=True):
        image = x[None].clone().requires_grad_()
        with ZENNIT[architecture]().context(chain) as hooked:
            (expected,) = torch.autograd.grad(hooked(image), image, y_hat[None])
        assert_equal_pictures(ours, expected[0], architecture)


class Normalised(nn.Module):
    """Pre-activation with batch norm: each rectifier has its input to itself."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.one, self.two = PreActivationBlock(6), PreActivationBlock(6)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.two(self.one(self.stem(x)))
        return out


class Block(nn.Module):
    """The rectifier reads the very tensor that the skip carries on."""

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.conv = nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(self.relu(x))  # type: ignore[no-any-return]


class PreActivation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.blocks = nn.Sequential(Block(), Block())
        self.two = nn.Conv2d(6, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.two(self.blocks(self.stem(x)))
        return out


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.two(F.relu(self.one(x)))
        return out


@captum_warns
@pytest.mark.parametrize(
    ("build", "peer_errs"),
    [(Normalised, False), (PreActivation, True), (Functional, True)],
)
def test_where_captum_is_wrong_and_we_are_not(build, peer_errs):
    network = build().eval()
    x = smooth_noise((14, 15))
    rec = ds.ReversedNetwork(network).record(x)
    neuron = strongest(rec, "two")
    slow = SlowTwin(network, x, ["two"])
    y_hat = one_hot(slow.activation("two"), neuron.index)
    for architecture, code in (("DeConvNet", "FTT"), ("DeSaliNet", "TTT"), ("SaliNet", "saliency")):
        (ours,) = rec.reverse(neuron, architecture).dense()
        assert_equal_pictures(ours, slow.reverse("two", y_hat, **ALL[code]), architecture)
        theirs = by_captum(network, x, neuron, architecture)
        if architecture == "SaliNet" or not peer_errs:
            assert_equal_pictures(ours, theirs, architecture)
        else:
            assert difference(ours, theirs) > 0.01, "captum has been mended: rejoice, and say so"
