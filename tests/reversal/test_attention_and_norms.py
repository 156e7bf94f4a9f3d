"""Attention and norms, frozen or by BP, against automatic differentiation with constants put in by a function mode."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import deconvscope as ds

CHOICES = list(itertools.product(("bp", "frozen"), repeat=2))


class Frozen(TorchFunctionMode):
    """Runs a network with attention patterns or scales of norms detached: the slow twin of the frozen rules."""

    def __init__(self, attention: bool, norm: bool) -> None:
        super().__init__()
        self.attention, self.norm = attention, norm

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        twin: Any = (
            {
                "layer_norm": layer_norm,
                "rms_norm": rms_norm,
                "group_norm": group_norm,
                "instance_norm": instance_norm,
            }.get(name)
            if self.norm
            else None
        )
        if self.attention and twin is None:
            twin = {
                "softmax": lambda *a, **k: func(*a, **k).detach(),
                "scaled_dot_product_attention": attention,
                "multi_head_attention_forward": multi_head,
            }.get(name)
        return (twin or func)(*args, **kwargs)


def standardised(x: Tensor, axes: Any, eps: float, centred: bool = True) -> Tensor:
    middle = x.mean(axes, keepdim=True) if centred else torch.zeros(())
    variance = (x - middle).pow(2).mean(axes, keepdim=True)
    return (x - middle) / (variance + eps).sqrt().detach()


def layer_norm(
    x: Tensor, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    y = standardised(x, tuple(range(-len(shape), 0)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def rms_norm(x: Tensor, shape: Any, weight: Any = None, eps: Any = None) -> Tensor:
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    y = standardised(x, tuple(range(-len(shape), 0)), eps, centred=False)
    return y if weight is None else y * weight


def group_norm(
    x: Tensor, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    y = standardised(x.reshape(x.shape[0], groups, -1), 2, eps).reshape(x.shape)
    wide = (1, -1, *(1,) * (x.ndim - 2))
    y = y if weight is None else y * weight.view(wide)
    return y if bias is None else y + bias.view(wide)


def instance_norm(
    x: Tensor, weight: Any, bias: Any, use_input_stats: bool, eps: float, **statistics: Any
) -> Any:
    assert use_input_stats
    return group_norm(x, x.shape[1], weight, bias, eps)


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    attn_mask: Any = None,
    dropout_p: float = 0,
    is_causal: bool = False,
    scale: Any = None,
) -> Tensor:
    logits = torch.einsum("...ld,...sd->...ls", q, k) * (scale or q.shape[-1] ** -0.5)
    mask = attn_mask
    if is_causal:
        mask = torch.ones(logits.shape[-2:], dtype=torch.bool).tril()
    if mask is not None:
        logits = logits.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else logits + mask
    return torch.einsum("...ls,...sd->...ld", logits.softmax(-1).detach(), v)


def multi_head(
    query: Tensor, key: Tensor, value: Tensor, width: int, heads: int, weight: Tensor, bias: Tensor,
    _k: Any, _v: Any, _z: Any, _p: Any, out: Tensor, out_bias: Tensor, **options: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    parts = []
    for x, w, b in zip((query, key, value), weight.chunk(3), bias.chunk(3), strict=True):
        length, count, _ = x.shape
        parts.append((x @ w.T + b).reshape(length, count * heads, -1).transpose(0, 1))
    y = attention(parts[0], parts[1], parts[2]).transpose(0, 1).reshape(*query.shape[:2], width)
    return y @ out.T + out_bias, None


class Tokens(nn.Module):
    """A block of attention over the places of a map, in one of its spellings."""

    def __init__(self, spelling: str, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.embed, self.spelling = nn.Conv2d(3, 12, 4, 4), spelling
        self.norm, self.qkv, self.out = norm(12), nn.Linear(12, 36), nn.Linear(12, 12)
        self.heads = nn.MultiheadAttention(12, 3, batch_first=True)
        self.mask = torch.ones(9, 9, dtype=torch.bool).tril(2)
        self.bias = nn.Parameter(torch.randn(3, 9, 9))

    def forward(self, x: Tensor) -> Tensor:
        h = self.embed(x).flatten(2).transpose(1, 2)
        channels_first = isinstance(self.norm, nn.GroupNorm | nn.InstanceNorm1d)
        n = self.norm(h.mT).mT if channels_first else self.norm(h)
        return F.gelu(h + self.out(self.mixed(n)))

    def mixed(self, n: Tensor) -> Tensor:
        if self.spelling == "module":
            return self.heads(n, n, n, need_weights=False)[0]
        q, k, v = self.qkv(n).reshape(1, 9, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        if self.spelling == "sdpa":
            y = F.scaled_dot_product_attention(q, k, v)
        elif self.spelling == "sdpa, mask":
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask, scale=0.3)
        elif self.spelling == "sdpa, causal":
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        elif self.spelling == "einsum":
            pattern = torch.einsum("bhld,bhsd->bhls", q * 0.5, k).softmax(-1)
            y = torch.einsum("bhls,bhsd->bhld", pattern, v)
        else:
            pattern = (q @ k.transpose(-2, -1) / 2 + self.bias).softmax(dim=-1)
            y = F.dropout(pattern, 0.5, self.training) @ v
        return y.transpose(1, 2).reshape(1, 9, 12)


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "layer": nn.LayerNorm,
    "rms": nn.RMSNorm,
    "group": lambda n: nn.GroupNorm(3, n),
    "instance": lambda n: nn.InstanceNorm1d(n, affine=True),
}
SPELLINGS = ("module", "sdpa", "sdpa, mask", "sdpa, causal", "einsum", "product")


def shaken(network: nn.Module, seed: int = 0) -> nn.Module:
    """Return a network in double precision, none of whose parameters is trivial."""
    generator = torch.Generator().manual_seed(seed)
    network = network.double().eval()
    for p in network.parameters():
        with torch.no_grad():
            p.add_(0.2 * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return network


def require_twin(network: nn.Module, x: Tensor, layer: str, attention: str, norm: str) -> None:
    """Compare a picture of random ŷ at a layer with the gradient of the network with constants in it."""
    recording = ds.ReversedNetwork(network).record(x)
    y_hat = torch.randn(recording[layer].shape, dtype=x.dtype)
    salinet = ds.Architecture("mask", lrn="bp", attention=attention, norm=norm)  # type: ignore[arg-type]
    ours = recording.reverse(ds.Signal(layer, y_hat), salinet)[salinet]
    caught: list[Tensor] = []
    module = network.get_submodule(layer)
    handle = module.register_forward_hook(lambda _m, _i, output: caught.append(output))
    image = x[None].clone().requires_grad_()
    with Frozen(attention == "frozen", norm == "frozen"):
        network(image)
    handle.remove()
    (gradient,) = torch.autograd.grad(caught[0], image, y_hat.reshape(caught[0].shape))
    assert float((ours - gradient[0]).abs().max()) <= 1e-9 * float(gradient.abs().max())


@pytest.mark.parametrize(("attention", "norm"), CHOICES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_attention_in_every_spelling_is_its_twin(spelling: str, attention: str, norm: str) -> None:
    network = shaken(nn.Sequential(Tokens(spelling, nn.LayerNorm), nn.Linear(12, 5)))
    require_twin(network, torch.rand(3, 12, 12, dtype=torch.double), "1", attention, norm)


@pytest.mark.parametrize("norm", ("bp", "frozen"))
@pytest.mark.parametrize("name", NORMS)
def test_norms_are_their_twin(name: str, norm: str) -> None:
    network = shaken(nn.Sequential(Tokens("sdpa", NORMS[name]), nn.Linear(12, 5)))
    require_twin(network, torch.rand(3, 12, 12, dtype=torch.double), "1", "frozen", norm)


def of_torchvision() -> Iterator[tuple[str, Callable[[], nn.Module], str]]:
    models = torchvision.models
    yield "vit", lambda: models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=7), "heads"
    yield (
        "swin",
        lambda: models.SwinTransformer([2, 2], 16, [2, 2], [2, 4], [4, 4], num_classes=5),
        "head",
    )
    yield "maxvit", lambda: models.MaxVit((64, 64), 8, 2, [8, 16], [1, 1], 4, 0.0), "classifier"
    yield "convnext", lambda: models.convnext_tiny(weights=None, num_classes=5), "classifier"


@pytest.mark.parametrize(("attention", "norm"), CHOICES)
@pytest.mark.parametrize(
    ("make", "layer"), [x[1:] for x in of_torchvision()], ids=[x[0] for x in of_torchvision()]
)
def test_torchvision_s_networks_are_their_twin(
    make: Callable[[], nn.Module], layer: str, attention: str, norm: str
) -> None:
    torch.manual_seed(0)
    size = 64 if layer == "classifier" else 32
    require_twin(
        shaken(make()), torch.rand(3, size, size, dtype=torch.double), layer, attention, norm
    )


def test_a_query_that_sees_no_key_passes_nothing_on() -> None:
    network = Tokens("sdpa, mask", nn.LayerNorm)
    network.mask = torch.ones(9, 9, dtype=torch.bool).tril()
    network.mask[4] = False
    shaken(network)
    image = torch.rand(3, 12, 12, dtype=torch.double)
    recording = ds.ReversedNetwork(network).record(image)
    y_hat = torch.randn(9, 12, dtype=torch.double)
    leaf = image[None].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(leaf), leaf, y_hat[None])
    signal = ds.Signal(recording.output_layer, y_hat)
    ours, frozen = recording.reverse(signal, ["saliency", "saliency+an"]).dense()
    torch.testing.assert_close(ours, gradient[0])
    assert bool(frozen.isfinite().all())


@pytest.mark.parametrize("norm", ("bp", "frozen"))
def test_norms_of_half_precision_have_the_statistics_of_float32(norm: str) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 16, 4, 4), nn.GroupNorm(2, 16), nn.Conv2d(16, 4, 1))
    image = torch.rand(3, 32, 32) + 4  # a mean far from zero
    rule = ds.Architecture("mask", lrn="bp", norm=norm)  # type: ignore[arg-type]
    pictures = [
        ds.ReversedNetwork(copy.deepcopy(network).to(dtype))
        .record(image)
        .reverse(ds.Neuron("2", 1, 2, 3), rule)
        .dense()
        .float()
        for dtype in (torch.float32, torch.bfloat16)
    ]
    difference = (pictures[0] - pictures[1]).abs().max() / pictures[0].abs().max()
    assert float(difference) < 0.03


def test_a_sum_of_one_number_is_reversed() -> None:
    class Total(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.sum().sum(0).reshape(1)

    recording = ds.ReversedNetwork(nn.Sequential(nn.Conv2d(3, 4, 3), Total())).record(
        torch.rand(3, 8, 8)
    )
    assert recording.reverse(ds.Neuron(recording.output_layer, 0), "saliency").values.any()


def test_nothing_changes_without_norms_and_attention() -> None:
    network = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3))
    recording = ds.ReversedNetwork(network).record(torch.rand(3, 20, 20))
    pictures = recording.reverse(
        ds.Strongest("3"), ["TTT", "TTT+an", "FTT", "FTT+n", "saliency", "saliency+a"]
    )
    assert torch.equal(pictures.values[0::2], pictures.values[1::2])


def test_rows_of_one_batch_follow_their_own_choice() -> None:
    network = shaken(nn.Sequential(Tokens("product", nn.LayerNorm), nn.Linear(12, 5)))
    recording = ds.ReversedNetwork(network).record(torch.rand(3, 12, 12, dtype=torch.double))
    signal = ds.Signal("1", torch.randn(9, 5, dtype=torch.double))
    names = ["saliency", "saliency+a", "TTT+an", "saliency+n", "saliency+an"]
    together = recording.reverse(signal, names)
    for name, picture in zip(names, together.dense(), strict=True):
        torch.testing.assert_close(recording.reverse(signal, name).dense()[0], picture)
    assert len({tuple(p.flatten()[:3].tolist()) for p in together.dense()}) == len(names)


def test_a_layer_may_have_its_own_choice() -> None:
    network = shaken(nn.Sequential(Tokens("sdpa", nn.LayerNorm), nn.Linear(12, 5)))
    recording = ds.ReversedNetwork(network).record(torch.rand(3, 12, 12, dtype=torch.double))
    signal = ds.Signal("1", torch.randn(9, 5, dtype=torch.double))
    own = ds.Architecture("mask", lrn="bp", overrides={"0.norm": "frozen"})
    frozen = ds.Architecture("mask", lrn="bp", norm="frozen")
    pictures = recording.reverse(signal, [own, frozen, ds.SALINET]).dense()
    torch.testing.assert_close(pictures[0], pictures[1])
    assert not torch.allclose(pictures[0], pictures[2])
    with pytest.raises(ds.RuleError, match="0.embed"):
        recording.reverse(signal, ds.Architecture(overrides={"0.embed": "frozen"}))


@pytest.mark.parametrize("text", ["TTT+an", "TTT+a", "FTF+n", "saliency+an", "DeConvNet+a", "TTT"])
def test_codes_carry_the_choices(text: str) -> None:
    architecture = ds.Architecture.parse(text)
    assert ds.Architecture.parse(architecture.code) == architecture
    assert ds.Architecture.parse(architecture.name) == architecture
    assert architecture.norm == ("frozen" if "n" in text.partition("+")[2] else "bp")


@pytest.mark.parametrize("text", ["TTT+", "TTT+x", "TTT+an+n", "+a"])
def test_unknown_choices_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="TTT|letters|name"):
        ds.Architecture.parse(text)
