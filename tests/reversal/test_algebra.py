"""What must hold of reversed networks whatever the network: linearity, homogeneity, signs, supports."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import deconvscope as ds

from .agreement import assert_equal_pictures
from .random_networks import Example, examples

ARCHITECTURES = [*ds.EIGHT, ds.SALINET]
WITHOUT_BACKWARD_RELU = [*(a for a in ds.EIGHT if a.code.endswith("F")), ds.SALINET]

few = settings(
    max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


def recorded(module: nn.Module, image: Tensor) -> ds.Recording:
    try:
        return ds.ReversedNetwork(module).record(image)
    except ds.RecordingError:  # writes through a view
        assume(False)
        raise


def finite(rec: ds.Recording, layer: str) -> Tensor:
    assume(layer in rec.layers)  # a view may lose its name when its base is overwritten
    activation = rec[layer]
    assume(bool(activation.isfinite().all()))
    return activation


@few
@given(examples(), st.floats(-3, 3), st.floats(-3, 3))
def test_without_backward_relu_the_reversed_network_is_linear(example: Example, a: float, b: float):
    rec = recorded(example.network, example.image)
    one, two = (torch.randn_like(finite(rec, example.layer)) for _ in range(2))
    x_one, x_two, x_both = (
        rec.reverse(ds.Signal(example.layer, y_hat), WITHOUT_BACKWARD_RELU).dense()
        for y_hat in (one, two, a * one + b * two)
    )
    scale = max(1, abs(a), abs(b)) * (x_one.abs() + x_two.abs()).max()
    assert (x_both - (a * x_one + b * x_two)).abs().max() <= 1e-9 * scale


@few
@given(examples(), st.floats(0.01, 100))
def test_every_architecture_is_positively_homogeneous(example: Example, factor: float):
    rec = recorded(example.network, example.image)
    y_hat = torch.randn_like(finite(rec, example.layer))
    x_hat = rec.reverse(ds.Signal(example.layer, y_hat), ARCHITECTURES).dense()
    scaled = rec.reverse(ds.Signal(example.layer, factor * y_hat), ARCHITECTURES).dense()
    for architecture, ours, expected in zip(ARCHITECTURES, scaled, factor * x_hat, strict=True):
        assert_equal_pictures(ours, expected, architecture, 1e-9)


@few
@given(examples())
def test_signs_and_supports_at_a_rectifier(example: Example):
    # what leaves the reversed first layer is what arrives at the image
    rec = recorded(nn.Sequential(nn.ReLU(), example.network), example.image)
    layer = f"1.{example.layer}"
    y_hat = torch.randn_like(finite(rec, layer))
    pictures = rec.reverse(ds.Signal(layer, y_hat), ARCHITECTURES)
    inactive = example.image <= 0
    for architecture in ARCHITECTURES:
        x_hat = pictures[architecture]
        if "relu" in str(architecture.relu):
            assert bool((x_hat >= 0).all()), f"{architecture}: a backward ReLU lets no sign pass"
            assert bool((example.image.relu() * x_hat >= 0).all())
        if "mask" in str(architecture.relu):
            assert not bool(x_hat[inactive].any()), f"{architecture}: outside the mask"


def deep_chain() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 8, 3),
        nn.ReLU(),
    ).double()


@pytest.mark.parametrize("start", [1, 4, 6])
def test_signs_and_supports_at_every_rectifier_of_a_chain(start):
    chain, image = deep_chain(), torch.randn(3, 13, 14).double()
    arriving = chain[:start](image[None])[0].detach()
    rec = ds.ReversedNetwork(chain[start:]).record(arriving)
    layer = list(rec.layers)[-1]
    pictures = rec.reverse(ds.Noise(layer), [ds.DECONVNET, ds.DESALINET])
    assert bool((arriving.relu() * pictures[ds.DECONVNET] >= 0).all())
    assert bool((pictures[ds.DESALINET] >= 0).all())
    assert not bool(pictures[ds.DESALINET][arriving <= 0].any())
    assert bool(pictures.dense().any())


def test_rectgrad_at_zero_is_desalinet():
    rec = ds.ReversedNetwork(deep_chain()).record(torch.randn(3, 15, 16).double())
    rectgrad = ds.Architecture(relu=ds.RectGrad(0.0))
    for layer in rec.layers:
        pictures = rec.reverse(ds.Noise(layer), [rectgrad, ds.DESALINET])
        assert_equal_pictures(pictures.dense()[0], pictures.dense()[1], layer, 1e-12)


class Affine(nn.Module):
    """Everything that has Aᵀ for its reverse, in one network."""

    def __init__(self) -> None:
        super().__init__()
        self.strided = nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2))
        self.grouped = nn.Conv2d(4, 6, 3, padding=1, groups=2)
        self.norm = nn.BatchNorm2d(6)
        self.up = nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1, output_padding=1)
        self.average = nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)
        self.adaptive = nn.AdaptiveAvgPool2d((2, 3))
        self.head = nn.Linear(48, 3)
        nn.init.uniform_(self.norm.weight)
        self.norm.running_mean = torch.randn(6)
        self.norm.running_var = torch.rand(6) + 0.5

    def forward(self, x: Tensor) -> Tensor:
        a = self.norm(self.grouped(self.strided(x)))
        b = self.average(F.pad(self.up(a), (1, 0, 0, 2)))
        b = F.interpolate(b, size=a.shape[2:], mode="bilinear")
        c = torch.cat([a[:, 1:5] + b, b - 0.5 * a[:, ::2].mean(1, keepdim=True)], 1)
        out: Tensor = self.head(F.dropout(self.adaptive(c), training=False).flatten(1))
        return out


@pytest.mark.parametrize(
    "layer", ["strided", "grouped", "norm", "up", "average", "interpolate", "cat", "head"]
)
def test_without_rectifiers_and_pools_every_architecture_is_the_transposed_matrix(layer):
    network = Affine().double().eval()
    shape = (2, 6, 5)
    net = ds.ReversedNetwork(network)

    def forward(image: Tensor) -> Tensor:
        return net.record(image)[layer].flatten()

    zero = forward(torch.zeros(shape).double())
    basis = torch.eye(60).double().view(60, *shape)
    matrix = torch.stack([forward(e) - zero for e in basis], 1)  # one column a pixel
    rec = net.record(torch.randn(shape).double())
    y_hat = torch.randn_like(rec[layer])
    expected = (matrix.T @ y_hat.flatten()).view(shape)
    for architecture, ours in zip(
        ARCHITECTURES, rec.reverse(ds.Signal(layer, y_hat), ARCHITECTURES).dense(), strict=True
    ):
        assert_equal_pictures(ours, expected, architecture, 1e-10)


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_switches_of_windows_wider_than_the_map_are_the_gradients(width: int, dilation: int):
    torch.manual_seed(width)
    pool = nn.MaxPool2d(3, stride=2, padding=1, dilation=dilation)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), pool).eval().double()
    image = torch.randn(3, 9, max(width, 2 * dilation - 1), dtype=torch.double)
    rec = ds.ReversedNetwork(network).record(image)
    seed = torch.randn_like(rec["1"])
    x = image.clone()[None].requires_grad_()
    (gradient,) = torch.autograd.grad(network(x), x, seed[None])
    assert_equal_pictures(rec.reverse(seed, "TTF").dense()[0], gradient[0], pool)
