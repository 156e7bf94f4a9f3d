"""Custom autograd functions: what counts is the call's own class, inputs, outputs and context, whoever made it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

import deconvscope as ds

from .random_programs import (
    Negated,
    Parts,
    ReluInPlace,
    Scaled,
    Spike,
    Square,
    ThroughNumpy,
)


class Between(nn.Module):
    """A convolution, what a test puts there, and a convolution."""

    def __init__(self, between: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.before = nn.Conv2d(3, 4, 3, padding=1)
        self.between = between
        self.after = nn.Conv2d(4, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.between(self.before(x)))


def made(factor: float) -> Callable[[Tensor], Tensor]:
    """Return a function of a factory, whose classes share the code of their forward."""

    class Made(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * factor

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
            return g * factor

    return Made.apply


class Doubling(Scaled):
    """A subclass that changes the backward alone."""

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return g * 11, None


class WithSetup(torch.autograd.Function):
    """Written in two parts, without a context in forward."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor) -> Tensor:  # type: ignore[override]
        return x * weight

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        return g * weight * 3, g * x


class Rounded(torch.autograd.Function):
    """A rounding with a straight-through gradient, as quantisation-aware training has it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.round(x * 8) / 8

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return g


class Nothing(torch.autograd.Function):
    """Gives its second input no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        return x + y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return g * 2, None


class Kept(torch.autograd.Function):
    """Keeps a tensor on its context, and a mask as a second output without a gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        keep = (x > 0).to(x.dtype)
        ctx.keep = keep
        ctx.mark_non_differentiable(keep)
        return x * keep, keep

    @staticmethod
    def backward(ctx: Any, g: Tensor, _: Tensor) -> Tensor:  # type: ignore[override]
        return g * ctx.keep


def _reused_after_a_write(x: Tensor) -> Tensor:
    y = Square.apply(x * 1)
    y.mul_(2)
    z = Scaled.apply(y, 3.0)
    y.add_(1)
    return z + y


def _saved_and_then_written(x: Tensor) -> Tensor:
    h = x * 1
    y = Scaled.apply(h, 2.0)
    h.relu_()
    return y + h


def _written_with_views(x: Tensor) -> Tensor:
    h = x * 1
    early = h[:, :2]
    ReluInPlace.apply(h)
    return torch.cat([early, h[:, 2:]], 1)


def _second_part(x: Tensor) -> Tensor:
    _, second = Parts.apply(x)
    return second


def _both_parts(x: Tensor) -> Tensor:
    first, second = Parts.apply(x)
    return first.relu() + second


def _hooked(x: Tensor) -> Tensor:
    h = x * 2
    h.register_hook(lambda g: g * 3)
    return h.relu()


class FullBackwardHook(nn.Module):
    """A module with a hook that watches its gradient, as Grad-CAM packages leave them."""

    def __init__(self) -> None:
        super().__init__()
        self.rectifier = nn.ReLU()
        self.rectifier.register_full_backward_hook(lambda *_: None)

    def forward(self, x: Tensor) -> Tensor:
        return self.rectifier(x) * 2


CASES: dict[str, Callable[[Tensor], Tensor]] = {
    "two classes of one factory": lambda x: made(2.0)(x) + made(5.0)(x).relu(),
    "a subclass": lambda x: Doubling.apply(x, 2.0) + Scaled.apply(x, 2.0),
    "an argument that forward assigns anew": lambda x: Scaled.apply(x, 3.0),
    "a write in place before": lambda x: Square.apply(F.relu(x, inplace=True)),
    "the second of two outputs": _second_part,
    "both outputs": _both_parts,
    "forward without a gradient": lambda x: Spike.apply(x),
    "forward without a gradient, in a branch": lambda x: x + Spike.apply(x),
    "through NumPy": lambda x: ThroughNumpy.apply(x),
    "through NumPy, in a branch": lambda x: x + ThroughNumpy.apply(x),
    "a function of a function": lambda x: Spike.apply(ThroughNumpy.apply(Negated.apply(x))),
    "an input given back": lambda x: Negated.apply(x) * 2,
    "an input written": lambda x: ReluInPlace.apply(x * 1),
    "an input with views written": _written_with_views,
    "setup_context": lambda x: WithSetup.apply(x, torch.full((1, 4, 1, 1), 0.5, dtype=x.dtype)),
    "two inputs": lambda x: WithSetup.apply(x, x.sigmoid()),
    "one input twice": lambda x: WithSetup.apply(x, x),
    "an input without a gradient": lambda x: Nothing.apply(x, x * 3),
    "a mask beside": lambda x: Kept.apply(x)[0],
    "results written in place": _reused_after_a_write,
    "an input written afterwards": _saved_and_then_written,
    "straight through": lambda x: Rounded.apply(x).relu(),
    "inside a checkpoint": lambda x: checkpoint(
        lambda h: Spike.apply(h).relu() + Square.apply(h), x, use_reentrant=True
    ),
    "inside a checkpoint that is not reentrant": lambda x: checkpoint(
        lambda h: h.sigmoid().relu() * h, x, use_reentrant=False
    ),
    "a gradient hook": _hooked,
    "a module's gradient hook": FullBackwardHook(),
}


def compared(
    network: nn.Module, x: Tensor, guard: bool = True
) -> tuple[ds.Recording, Tensor, Tensor]:
    """Return a recording in double precision, SaliNet's picture of a random signal, and autograd's gradient of it."""
    network, x = network.double().eval(), x.double()
    rec = ds.ReversedNetwork(network).record(x)
    leaf = x[None].clone().requires_grad_()
    guarded = saved_tensors_hooks(lambda t: t.clone(), lambda t: t)  # no later write reaches them
    with guarded if guard else nullcontext():
        y = network(leaf)
    assert torch.allclose(rec[rec.output_layer], y[0], rtol=1e-12, atol=1e-12)
    y_hat = torch.randn(y.shape[1:], dtype=torch.float64)
    y.backward(y_hat[None])
    gradient = leaf.grad
    assert gradient is not None
    r = rec.reverse(ds.Signal(rec.output_layer, y_hat), ds.SALINET)
    return rec, r[ds.SALINET], gradient[0]


@pytest.mark.parametrize("case", CASES)
def test_salinet_is_the_gradient_that_autograd_finds(case: str) -> None:
    _, salient, gradient = compared(
        Between(CASES[case]), torch.randn(3, 8, 8), guard="checkpoint" not in case
    )
    assert float(gradient.abs().max()) > 0
    assert torch.allclose(salient, gradient, rtol=1e-9, atol=1e-12)


def test_pictures_can_be_had_again_and_of_several_neurons() -> None:
    network = Between(lambda x: Square.apply(x) + Spike.apply(x)).double()
    rec = ds.ReversedNetwork(network).record(torch.randn(3, 8, 8))
    neurons = [ds.Neuron("after", 0, 2, 3), ds.Neuron("after", 1, 4, 1)]
    together = rec.reverse(neurons, [ds.SALINET, ds.DECONVNET])
    for neuron, picture in zip(neurons, together, strict=True):
        alone = rec.reverse(neuron, [ds.SALINET, ds.DECONVNET])
        assert torch.allclose(alone.dense(), picture.dense(), atol=1e-12)


# --- rectifiers inside custom functions --------------------------------------------------------------------


class CustomRelu(torch.autograd.Function):
    """A rectifier, as packages write it to save memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return g * (ctx.saved_tensors[0] > 0)


class MemoryEfficientSwish(torch.autograd.Function):
    """x·σ(x), as EfficientNet-PyTorch has it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        x = ctx.saved_tensors[0]
        s = torch.sigmoid(x)
        return g * (s * (1 + x * (1 - s)))


class ReluAndMean(torch.autograd.Function):
    """A rectifier with something else in one function: no place acts alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.relu(x) - x.mean((2, 3), True)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        return g * (x > 0) - g.mean((2, 3), True).expand_as(x)


@pytest.mark.parametrize(
    ("custom", "plain"),
    [(CustomRelu, torch.relu), (MemoryEfficientSwish, F.silu), (Spike, None)],
)
def test_a_rectifier_in_a_custom_function_has_the_rules_of_one(
    custom: type[torch.autograd.Function], plain: Callable[[Tensor], Tensor] | None
) -> None:
    x = torch.randn(3, 8, 8)
    rec = ds.ReversedNetwork(Between(custom.apply)).record(x)
    assert rec.coverage().counts()["rectifier"] == 1 and not rec.coverage().fallbacks
    if plain is None:
        return
    twin = ds.ReversedNetwork(Between(plain)).record(x)
    neuron = ds.Neuron("after", 1, 3, 3)
    ours, theirs = rec.reverse(neuron, ds.EIGHT), twin.reverse(neuron, ds.EIGHT)
    assert torch.allclose(ours.dense(), theirs.dense(), atol=1e-6)
    assert not torch.allclose(ours["FTT"], ours["TTF"], atol=1e-3)


@pytest.mark.parametrize("custom", [made(2.0), Rounded.apply, Negated.apply])
def test_a_function_whose_slope_is_the_same_everywhere_is_no_rectifier(
    custom: Callable[[Tensor], Tensor],
) -> None:
    rec = ds.ReversedNetwork(Between(custom)).record(torch.randn(3, 8, 8))
    assert "rectifier" not in rec.coverage().counts()
    assert [call.rule for call in rec.coverage().fallbacks] == ["its own backward"]


def test_a_rectifier_that_cannot_be_told_apart_is_marked() -> None:
    rec = ds.ReversedNetwork(Between(ReluAndMean.apply)).record(torch.randn(3, 8, 8))
    assert [call.call for call in rec.coverage().suspicious] == ["ReluAndMean"]


def test_cross_map_response_normalisation_is_that_layer() -> None:
    x = torch.randn(3, 8, 8)
    for size in (3, 5):
        legacy = nn.CrossMapLRN2d(size, alpha=0.3, beta=0.6, k=1.5)  # type: ignore[no-untyped-call]
        rec, salient, gradient = compared(Between(legacy), x)
        assert rec.coverage().counts()["local response norm"] == 1
        assert torch.allclose(salient, gradient, rtol=1e-9, atol=1e-12)
        neuron = ds.Signal("between", torch.randn(4, 8, 8, dtype=torch.float64))
        straight = ds.Signal("before", neuron.values)
        picture = rec.reverse(neuron, ds.DESALINET)  # LRN† is the identity
        assert torch.allclose(picture.dense(), rec.reverse(straight, ds.DESALINET).dense())


# --- names, memory, refusals -------------------------------------------------------------------------------


def test_a_custom_function_bears_the_name_of_the_module_that_called_it() -> None:
    class Swish(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return MemoryEfficientSwish.apply(x)

    rec = ds.ReversedNetwork(Between(Swish())).record(torch.randn(3, 8, 8))
    assert list(rec.layers) == ["before", "between", "after"]


def test_a_network_with_custom_functions_is_unchanged() -> None:
    class Buffered(nn.Module):
        last: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("last", torch.zeros(1, 4, 8, 8))
            self.conv = nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            self.last[:] = Square.apply(self.conv(x))
            return self.last * 2

    network = Buffered()
    rec = ds.ReversedNetwork(network).record(torch.randn(3, 8, 8))
    assert torch.allclose(rec["mul"], 2 * network.last[0])
    assert network.last.grad_fn is None and not network.last.requires_grad
    assert rec["conv"].grad_fn is None and not rec["conv"].requires_grad


def test_a_custom_function_with_its_input_given_back_and_written_is_refused() -> None:
    def between(x: Tensor) -> Tensor:
        h = x * 1
        y = Negated.apply(h)
        h.mul_(2)
        return y + h

    with pytest.raises(ds.RecordingError, match="write to a copy|return a copy"):
        ds.ReversedNetwork(Between(between)).record(torch.randn(3, 8, 8))


def test_a_custom_function_inside_a_checkpoint_that_computes_again_is_refused() -> None:
    def between(x: Tensor) -> Tensor:
        return checkpoint(lambda h: Square.apply(h.relu()), x, use_reentrant=False)  # type: ignore[no-any-return]

    with pytest.raises(ds.RecordingError, match="switch gradient checkpointing off"):
        ds.ReversedNetwork(Between(between)).record(torch.randn(3, 8, 8))


class FreesItsInput(torch.autograd.Function):
    """Lets go of memory, as the blocks of reversible networks do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        with torch.no_grad():
            first, second = torch.chunk(x, 2, 1)
            y = torch.cat([first + second.relu(), second], 1)
            first.set_()  # type: ignore[call-overload]
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
        return g


def test_a_reversible_block_is_refused_for_the_right_reason() -> None:
    with pytest.raises(ds.RecordingError, match=r"Tensor\.set_.*keeps its activations"):
        ds.ReversedNetwork(Between(FreesItsInput.apply)).record(torch.randn(3, 8, 8))


def test_a_part_under_no_grad_inside_a_custom_function_ends_with_it() -> None:
    class Inside(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            with torch.no_grad():
                return x * 2

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:  # type: ignore[override]
            return g * 2

    network = Between(lambda x: Spike.apply(Inside.apply(x)) + ReluInPlace.apply(x * 1))
    rec, salient, gradient = compared(network, torch.randn(3, 8, 8))
    assert torch.allclose(salient, gradient, rtol=1e-9, atol=1e-12)
    assert all("Spike" not in stop and "clamp" not in stop for stop in rec.coverage().stops)
