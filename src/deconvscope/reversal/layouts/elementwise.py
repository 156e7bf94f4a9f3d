"""Calls whose output stands where their inputs stand: arithmetic, activations, norms, copies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .axes import CHANNEL, COPY, NO_GRID, OTHER, PLACE, Axes, Axis, Factor, length, normal, unknown
from .calls import Call, rule
from .places import agree, count_placed

# fmt: off
ARITHMETIC = (
    "add", "radd", "iadd", "sub", "rsub", "isub", "subtract", "mul", "rmul", "imul", "multiply", "div", "rdiv",
    "idiv", "divide", "true_divide", "truediv", "rtruediv", "itruediv", "floor_divide", "floordiv", "rfloordiv",
    "remainder", "fmod", "mod", "rmod", "pow", "rpow", "ipow", "float_power", "addcmul", "addcdiv", "lerp", "where",
    "maximum", "minimum", "fmax", "fmin", "atan2", "arctan2", "hypot", "copysign", "logaddexp", "logaddexp2", "xlogy",
    "masked_fill", "copy", "clamp", "clip", "clamp_min", "clamp_max",
)
"""Calls on several tensors that broadcast to one shape."""

UNARY = (
    "abs", "absolute", "neg", "negative", "pos", "positive", "square", "sqrt", "rsqrt", "exp", "exp2", "expm1", "log",
    "log1p", "log2", "log10", "reciprocal", "sign", "sgn", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "erfinv", "sigmoid", "expit", "logit", "floor", "ceil",
    "round", "trunc", "frac", "fix", "nan_to_num", "digamma", "lgamma", "sinc", "i0", "real", "imag", "conj",
    "conj_physical", "angle", "relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish",
    "hardsigmoid", "hardtanh", "leaky_relu", "prelu", "rrelu", "softplus", "softsign", "softshrink", "hardshrink",
    "tanhshrink", "threshold", "logsigmoid", "softmax", "softmin", "log_softmax", "gumbel_softmax", "cumsum",
    "cumprod", "logcumsumexp", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
    "feature_alpha_dropout", "bernoulli", "batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm",
    "local_response_norm", "normalize", "renorm", "clone", "contiguous", "to", "type", "type_as", "float", "double",
    "half", "bfloat16", "cpu", "cuda", "detach", "alias", "requires_grad",
)
"""Calls whose first argument alone says where the output stands."""
# fmt: on


@rule(*UNARY)
def unary(call: Call, input: Any, *args: Any, **kwargs: Any) -> Axes | None:
    """Keep the axes of the first argument."""
    a = call.of(input)
    return a if a is not None else unknown(call.shape)


@rule(*ARITHMETIC)
def arithmetic(call: Call, *args: Any, **kwargs: Any) -> Axes | None:
    """Keep the axes on which all arguments agree."""
    given = [call.axes_of(t) for t in (*args, *kwargs.values()) if isinstance(t, Tensor)]
    return merged([a for a in given if a is not None], call.shape)


def merged(given: Sequence[Axes], shape: tuple[int, ...]) -> Axes:
    """Return what several tensors that broadcast to one shape say together of where its values stand.

    What one leaves open another may say. Where two contradict one another, nothing is known.
    """
    distinct: list[Axes] = []
    for a in given:
        if not any(a.equals(b) for b in distinct):
            distinct.append(a)
    if len(distinct) == 1:
        return distinct[0].expanded(shape)
    if not distinct:
        return unknown(shape)
    distinct.sort(key=lambda a: -math.prod(a.sizes(PLACE)))
    placed = distinct[0]
    if not all(agree(placed, other) for other in distinct[1:]):
        return unknown(shape)
    placed = max(
        (a for a in distinct if a.sizes(PLACE) == placed.sizes(PLACE)),
        key=lambda a: (
            a.grid != NO_GRID,
            count_placed(a),
            a.holds_tokens,
            math.prod(a.sizes(CHANNEL)),
        ),
    )
    channelled = max(distinct, key=lambda a: math.prod(a.sizes(CHANNEL)))
    if math.prod(channelled.sizes(CHANNEL)) == math.prod(placed.sizes(CHANNEL)):
        channelled = placed
    sources = [placed, channelled, *distinct]
    axes = [_axis(sources, i - len(shape), size) for i, size in enumerate(shape)]
    for source, kind in ((placed, PLACE), (channelled, CHANNEL)):
        if [f.size for axis in axes for f in axis if f.kind == kind] != source.sizes(kind):
            return unknown(shape)
    return normal(axes, placed.grid, placed.places, placed.prefix)


def _axis(sources: Sequence[Axes], i: int, size: int) -> Axis:
    """Return the factors of an axis from the first source that tells of it; the second alone tells of channels."""
    placed, channelled = sources[:2]
    for source, kind in ((placed, PLACE), (channelled, CHANNEL)):
        if -i <= source.ndim and source.holds(kind, i):
            axis = source.axes[i]
            if length(axis) == size:
                return axis
    left = [s.axes[i] for s in sources if -i <= s.ndim and length(s.axes[i]) == size]
    if any(f.kind == OTHER for axis in left for f in axis):
        return (Factor(OTHER, size),)
    return (Factor(COPY, size),)
