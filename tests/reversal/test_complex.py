"""Networks that compute with complex numbers: SaliNet is the gradient that autograd gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import deconvscope as ds

C = torch.complex128


class Between(nn.Module):
    """What a test writes, between two convolutions, with a complex parameter and a real one."""

    def __init__(self, layer: Callable[[Tensor, Tensor], Tensor], *weight: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.layer = layer
        self.weight = nn.Parameter(torch.randn(weight, dtype=C))
        self.last = nn.LazyConv2d(2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layer(self.first(x), self.weight))


class Spectral(nn.Module):
    """The Fourier layer of a neural operator (Li et al., 2021): the lowest frequencies are mixed by a matrix each."""

    def __init__(self) -> None:
        super().__init__()
        self.low = nn.Parameter(torch.randn(4, 4, 3, 3, dtype=C))
        self.high = nn.Parameter(torch.randn(4, 4, 3, 3, dtype=C))
        self.skip = nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(x)
        out = torch.zeros(1, 4, x.shape[2], x.shape[3] // 2 + 1, dtype=C)
        out[:, :, :3, :3] = torch.einsum("bixy,ioxy->boxy", spectrum[:, :, :3, :3], self.low)
        out[:, :, -3:, :3] = torch.einsum("bixy,ioxy->boxy", spectrum[:, :, -3:, :3], self.high)
        return F.gelu(torch.fft.irfft2(out, s=x.shape[2:]) + self.skip(x))


class GlobalFilter(nn.Module):
    """The mixing layer of a global filter network (Rao et al., 2021), whose filter is stored as pairs of reals."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.randn(8, 5, 4, 2))

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.permute(0, 2, 3, 1)
        spectrum = torch.fft.rfft2(tokens, dim=(1, 2), norm="ortho")
        spectrum = spectrum * torch.view_as_complex(self.filter)
        tokens = torch.fft.irfft2(spectrum, s=(8, 8), dim=(1, 2), norm="ortho")
        return tokens.permute(0, 3, 1, 2)


class AdaptiveMixing(nn.Module):
    """The mixing layer of an adaptive Fourier network (Guibas et al., 2022): real and imaginary part by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(2, 4, 4))
        self.b = nn.Parameter(torch.randn(2, 4))

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(x.permute(0, 2, 3, 1), dim=(1, 2), norm="ortho")
        mixed = torch.zeros_like(torch.view_as_real(spectrum))
        mixed[..., 0] = F.relu(
            spectrum.real @ self.w[0] - spectrum.imag @ self.w[1] + self.b[0], inplace=True
        )
        mixed[..., 1] = F.relu(
            spectrum.imag @ self.w[0] + spectrum.real @ self.w[1] + self.b[1], inplace=True
        )
        mixed = F.softshrink(mixed, lambd=0.01)
        tokens = torch.fft.irfft2(torch.view_as_complex(mixed), s=(8, 8), dim=(1, 2), norm="ortho")
        return tokens.permute(0, 3, 1, 2) + x


def image() -> Tensor:
    return torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def doubled(network: nn.Module) -> nn.Module:
    for part in network.modules():
        for name, p in part.named_parameters(recurse=False):
            if not isinstance(p, nn.parameter.UninitializedParameter) and not p.is_complex():
                part._parameters[name] = nn.Parameter(p.detach().double())
    return network


def assert_salinet_is_the_gradient(network: nn.Module, tolerance: float = 1e-9) -> ds.Recording:
    leaf = image()[None].requires_grad_()
    y = network(leaf)
    y_hat = torch.randn_like(y)
    (gradient,) = torch.autograd.grad(y, leaf, y_hat)
    rec = ds.ReversedNetwork(network).record(image())
    torch.testing.assert_close(rec[rec.output_layer], y[0].detach(), rtol=0, atol=1e-9)
    salient = rec.reverse(ds.Signal(rec.output_layer, y_hat[0]), ds.SALINET)[ds.SALINET]
    assert bool(gradient.any())
    torch.testing.assert_close(
        salient, gradient[0], rtol=0, atol=tolerance * float(gradient.abs().max())
    )
    return rec


def between(layer: Callable[[Tensor, Tensor], Tensor], *weight: int) -> Between:
    """Return the network in double precision, its last convolution initialised."""
    torch.manual_seed(0)
    network = Between(layer, *weight)
    with torch.no_grad():
        shape = layer(torch.randn(1, 4, 8, 8, dtype=torch.float64), network.weight).shape
        network.last(torch.zeros(shape))  # lazy: takes as many channels
    doubled(network)
    return network


def spectrum(h: Tensor) -> Tensor:
    return torch.fft.rfft2(h)


def full(h: Tensor) -> Tensor:
    return torch.fft.fft2(h)


def back(z: Tensor) -> Tensor:
    return torch.fft.irfft2(z, s=(8, 8))


def _written(h: Tensor, w: Tensor) -> Tensor:
    z = spectrum(h)
    z *= w
    z.add_(w)
    return back(z)


def _item_set(h: Tensor, w: Tensor) -> Tensor:
    z = spectrum(h)
    z[:, 1] = z[:, 2].clone() * w[0]
    return back(z)


def _CReLU(h: Tensor, w: Tensor) -> Tensor:
    return back(torch.complex(F.relu((spectrum(h) * w).real), F.relu((spectrum(h) * w).imag)))


def _mean_without_axes_kept(h: Tensor, w: Tensor) -> Tensor:
    return ((full(h) * w).mean((2, 3)) * w[:, 0, 0])[..., None, None].imag


def _real_with_another_layout(h: Tensor, w: Tensor) -> Tensor:
    return (full(h) * w).permute(0, 1, 3, 2).real.flatten(2).view(1, 4, 8, 8)


def _fftshift(h: Tensor, w: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.fft.ifftshift(torch.fft.fftshift(full(h)) * w)).real


def _stft(h: Tensor, w: Tensor) -> Tensor:
    return (
        torch.stft(
            h.flatten(0, 2), 4, 2, window=torch.ones(4, dtype=torch.float64), return_complex=True
        )[None, :4]
        * w
    ).abs()


def _rotary(h: Tensor, w: Tensor) -> Tensor:
    return torch.view_as_real(
        torch.view_as_complex(h.reshape(1, 4, 8, 4, 2))
        * torch.polar(torch.ones(8, 4, dtype=torch.float64), w.real)
    ).flatten(3)


def _cat_real_and_complex(h: Tensor, w: Tensor) -> Tensor:
    return (torch.cat([h, w * h, h + w], 1) * w[0, 0, 0]).imag


LAYERS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], tuple[int, ...]]] = {
    "rfft2 · w": (lambda h, w: back(spectrum(h) * w), (4, 8, 5)),
    "w · rfft2": (lambda h, w: back(w * spectrum(h)), (4, 8, 5)),
    "w one a channel": (lambda h, w: back(spectrum(h) * w), (4, 1, 1)),
    "a complex number": (lambda h, w: back(spectrum(h) * (0.3 - 2j)), ()),
    "rfft2 / w": (lambda h, w: back(spectrum(h) / w), (4, 8, 5)),
    "rfft2 / complex number": (lambda h, w: back(spectrum(h) / (0.3 - 2j)), ()),
    "z · z": (lambda h, w: back(spectrum(h) * spectrum(h)), ()),
    "z · conj z": (lambda h, w: back(spectrum(h) * spectrum(h).conj()), ()),
    "z · gate": (lambda h, w: back(spectrum(h) * spectrum(h).mean((2, 3), keepdim=True)), ()),
    "z · real gate": (lambda h, w: back(spectrum(h) * h.mean((2, 3), keepdim=True)), ()),
    "z + w": (lambda h, w: back((spectrum(h) + w) * w), (4, 8, 5)),
    "alpha": (lambda h, w: back(torch.add(w, spectrum(h), alpha=2j)), (4, 8, 5)),
    "alpha on the left": (lambda h, w: back(torch.sub(spectrum(h), spectrum(2 * h), alpha=2j)), ()),
    "rsub": (lambda h, w: back(torch.rsub(spectrum(h), w, alpha=2 - 1j)), (4, 8, 5)),
    "real map + complex map": (lambda h, w: (h + full(h) * w).real, (4, 8, 8)),
    "complex map − real map": (lambda h, w: (full(h) * w - h).abs(), (4, 8, 8)),
    "real map · w": (lambda h, w: torch.fft.ifft2(h * w).imag, (4, 8, 8)),
    "real map + w": (lambda h, w: torch.fft.ifft2((h + w) * w).imag, (4, 8, 8)),
    "real map / w": (lambda h, w: torch.fft.ifft2(h / w).imag, (4, 8, 8)),
    "1j · real map": (lambda h, w: torch.fft.ifft2(1j * h).imag + (h * 2j).imag, ()),
    "cat real and complex": (_cat_real_and_complex, (4, 8, 8)),
    "stack": (lambda h, w: torch.stack([h, w * h]).sum(0).imag, (4, 8, 8)),
    "where": (lambda h, w: torch.where(h > 0, (2j + w) * h, w * h).imag, (4, 8, 8)),
    "einsum": (lambda h, w: back(torch.einsum("bixy,io->boxy", spectrum(h), w)), (4, 4)),
    "matmul": (lambda h, w: (h.to(C).transpose(1, 3) @ w).transpose(1, 3).imag, (4, 4)),
    "linear": (lambda h, w: F.linear(h.to(C), w, w[:, 0]).imag, (8, 8)),
    "conv2d": (lambda h, w: F.conv2d(h.to(C), w, padding=1).imag, (4, 4, 3, 3)),
    "grouped conv2d": (lambda h, w: F.conv2d(h.to(C), w, padding=1, groups=2).imag, (4, 2, 3, 3)),
    "conv_transpose2d": (lambda h, w: F.conv_transpose2d(h.to(C), w, padding=1).imag, (4, 4, 3, 3)),
    "tanh": (lambda h, w: back(torch.tanh(spectrum(h) * w)), (4, 8, 5)),
    "sigmoid": (lambda h, w: back(torch.sigmoid(0.1 * spectrum(h) * w)), (4, 8, 5)),
    "modReLU": (lambda h, w: back(F.relu(spectrum(h).abs() - 1) * spectrum(h).sgn() * w), (4, 8, 5)),
    "polar": (lambda h, w: back(torch.polar(spectrum(h).abs(), spectrum(h * 2).angle()) * w), (4, 8, 5)),
    "CReLU": (_CReLU, (4, 8, 5)),
    "view_as_real": (lambda h, w: torch.view_as_real(full(h) * w).flatten(3), (4, 8, 8)),
    "view_as_complex": (lambda h, w: (torch.view_as_complex(h.unflatten(3, (4, 2))) * w).abs(), (4, 8, 4)),
    "mean": (lambda h, w: (full(h) * w).mean((2, 3), keepdim=True).imag, (4, 8, 8)),
    "mean without axes kept": (_mean_without_axes_kept, (4, 8, 8)),
    "pad": (lambda h, w: F.pad(full(h) * w, (1, 0, 2, 1)).imag, (4, 8, 8)),
    "channels": (lambda h, w: (full(h) * w).chunk(2, 1)[1].roll(1, -1).flip(2).imag, (4, 8, 8)),
    "mH": (lambda h, w: ((full(h) * w).mH * w).imag, (4, 8, 8)),
    "real with another layout": (_real_with_another_layout, (4, 8, 8)),
    "written in place": (_written, (4, 8, 5)),
    "a channel written": (_item_set, (4, 8, 5)),
    "fftshift": (_fftshift, (4, 8, 8)),
    "stft": (_stft, (3, 5)),
    "rotary": (_rotary, (8, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_salinet_is_the_gradient_of_what_a_fourier_layer_may_compute(name):
    layer, weight = LAYERS[name]
    assert_salinet_is_the_gradient(between(layer, *weight))


@pytest.mark.parametrize("layer", [Spectral, GlobalFilter, AdaptiveMixing])
def test_salinet_is_the_gradient_of_published_fourier_networks(layer):
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), layer(), nn.ReLU(), layer(), nn.Conv2d(4, 2, 3)
    )
    rec = assert_salinet_is_the_gradient(doubled(network))
    if layer is AdaptiveMixing:
        assert rec.coverage().counts()["rectifier"] == 5


def test_all_architectures_pass_complex_layers_where_no_rule_applies():
    network = between(lambda h, w: back(torch.tanh(spectrum(h) * w)), 4, 8, 5)
    rec = ds.ReversedNetwork(network).record(image())
    first, *others = rec.reverse(ds.Strongest("last"), ds.EIGHT).dense()
    assert bool(first.any())
    for other in others:  # neither the backward ReLU nor a mask is defined for complex numbers
        torch.testing.assert_close(other, first, rtol=0, atol=1e-12)
    assert rec.coverage().counts().get("rectifier", 0) == 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "name", ["rfft2 · w", "z · gate", "real map · w", "linear", "conv2d", "pad"]
)
def test_the_imaginary_part_survives_another_precision(name, precision):
    layer, weight = LAYERS[name]
    network = between(layer, *weight)
    exact = ds.ReversedNetwork(network).record(image())
    coarse = ds.ReversedNetwork(network, precision=precision).record(image())
    wanted, found = (
        rec.reverse(ds.Strongest("last"), ds.SALINET).dense()[0] for rec in (exact, coarse)
    )
    error = (found - wanted).norm() / wanted.norm()
    assert 0 < float(error) < (1e-5 if precision == "float32" else 0.03)


def test_several_neurons_and_architectures_are_reversed_together():
    network = between(lambda h, w: (F.pad(full(h) * w, (1, 0, 2, 1)) + 1).imag.relu(), 4, 8, 8)
    rec = ds.ReversedNetwork(network).record(image())
    neurons = [ds.Neuron("last", 0, 0, 0), ds.Neuron("last", 1, 5, 3), ds.Neuron("last", 1, 9, 8)]
    for neuron, together in zip(neurons, rec.reverse(neurons, ds.EIGHT), strict=True):
        alone = rec.reverse(neuron, ds.EIGHT)
        torch.testing.assert_close(together.dense(), alone.dense(), rtol=0, atol=1e-12)


# --- selecting in a complex layer ---------------------------------------------------------------------------


@pytest.fixture
def rec():
    network = between(lambda h, w: (full(h) * w).abs(), 4, 8, 8)
    return ds.ReversedNetwork(network).record(image())


def complex_layer(rec: ds.Recording) -> str:
    return next(name for name in rec.layers if rec[name].is_complex())


def test_a_neuron_of_a_complex_layer_draws_the_gradient_of_its_real_part(rec):
    leaf, layer = image()[None].requires_grad_(), complex_layer(rec)
    first = rec[layer]
    place = ds.Neuron(layer, 2, 3, 4)
    picture = rec.reverse(place, ds.SALINET)[ds.SALINET]
    imaginary = torch.zeros_like(first)
    imaginary.imag[2, 3, 4] = 1
    other = rec.reverse(ds.Signal(layer, imaginary), ds.SALINET)[ds.SALINET]
    network = between(lambda h, w: full(h), 4, 8, 8)
    z = torch.fft.fft2(network.first(leaf))[0, 2, 3, 4]
    for part, drawn in ((z.real, picture), (z.imag, other)):
        (gradient,) = torch.autograd.grad(part, leaf, retain_graph=True)
        torch.testing.assert_close(drawn, gradient[0], rtol=0, atol=1e-9)


def test_no_neuron_of_a_complex_layer_is_the_strongest(rec):
    layer = complex_layer(rec)
    with pytest.raises(ValueError, match=rf"{layer}.*complex.*Neuron.*behind"):
        rec.reverse(ds.Strongest(layer), ds.SALINET)


def test_a_complex_signal_for_a_real_layer_is_refused(rec):
    with pytest.raises(ValueError, match=r"complex.*'first'.*float64.*\.real"):
        rec.reverse(ds.Signal("first", torch.ones(4, 8, 8, dtype=C)), ds.SALINET)
