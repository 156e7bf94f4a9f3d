"""How rectifiers are called, in every spelling."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..arithmetic import broadcasts_into
from ..call import Call, Recorded, family
from ..masked_products import StepFunction
from ..rectifier import Clamp, Leaky, Relu, Smooth


@family("relu")
def relu(call: Call, input: Tensor, inplace: bool = False) -> Recorded:
    """Read max(x, 0)."""
    y = call.run()
    return y, Relu(input, y)


@family("relu6")
def relu6(call: Call, input: Tensor, inplace: bool = False) -> Recorded:
    """Read min(max(x, 0), 6)."""
    y = call.run()
    return y, Clamp(input, y, 0.0, 6.0)


@family("hardtanh")
def hardtanh(
    call: Call, input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Recorded:
    """Read min(max(x, min_val), max_val), as which ``nn.ReLU6`` arrives."""
    y = call.run()
    return y, Clamp(input, y, float(min_val), float(max_val))


@family("clamp", "clip", "clamp_min")
def clamp(call: Call, input: Tensor, min: Any = None, max: Any = None) -> Recorded | None:
    """Read a clamp from zero, a ReLU by another name."""
    if isinstance(min, Tensor) or isinstance(max, Tensor) or min is None or float(min) != 0.0:
        return None
    y = call.run()
    return y, Relu(input, y) if max is None else Clamp(input, y, 0.0, float(max))


@family("maximum", "max")
def maximum(
    call: Call, input: Tensor, other: Any = None, *rest: Any, **kwargs: Any
) -> Recorded | None:
    """Read max(x, 0) where one of the two is a constant zero."""
    if rest or kwargs or not isinstance(other, Tensor) or not isinstance(input, Tensor):
        return None
    for x, zero in ((input, other), (other, input)):
        if (
            call.tracks(x)
            and not call.tracks(zero)
            and broadcasts_into(zero, x)
            and not bool(zero.any())
        ):
            y = call.run()
            return y, Relu(x, y)
    return None


@family("threshold", "_threshold")
def threshold(
    call: Call, input: Tensor, threshold: float, value: float, inplace: bool = False
) -> Recorded:
    """Read x where above a threshold, a constant elsewhere."""
    y = call.run()
    return y, Clamp(input, y, float(threshold), float("inf"))


@family("leaky_relu")
def leaky_relu(
    call: Call, input: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Recorded:
    """Read the leaky ReLU."""
    y = call.run()
    return y, Leaky(input, y, float(negative_slope))


@family("rrelu")
def rrelu(
    call: Call,
    input: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Recorded | None:
    """Read the randomised leaky ReLU, which in eval mode has the mean slope."""
    if training:
        return None
    y = call.run()
    return y, Leaky(input, y, (lower + upper) / 2)


@family("prelu")
def prelu(call: Call, input: Tensor, weight: Tensor) -> Recorded:
    """Read the parametric ReLU, one slope or one a channel."""
    y = call.run()
    shape = (1, -1) + (1,) * (input.ndim - 2) if weight.numel() > 1 else (1,) * input.ndim
    return y, Leaky(input, y, weight.detach().view(shape))


@family(
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "hardswish",
    "softplus",
    "sigmoid",
    "tanh",
)
def smooth(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded:
    """Read any other elementwise non-linearity."""
    y = call.run()
    options = {key: value for key, value in kwargs.items() if key not in ("inplace", "out")}
    return y, Smooth(input, y, lambda x: call.function(x, *args, **options))


@family("heaviside", "floor_divide", "__floordiv__", "__rfloordiv__")
def step_function(call: Call, input: Any, other: Any) -> Recorded:
    """Read functions that are constant but for jumps, of which torch has no derivative at all."""
    return call.run(), StepFunction(*(x for x in (input, other) if call.tracks(x)))
