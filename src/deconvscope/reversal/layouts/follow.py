"""Follow what the axes of recorded tensors stand for through one call."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from . import elementwise, moving, products, selecting, windows  # noqa: F401  (they register their rules)
from .axes import Axes, unknown
from .calls import RULES, Call

ALIASES = {"axis": "dim", "keepdims": "keepdim", "x1": "input", "x2": "other"}


KEPT = frozenset(elementwise.UNARY)


def _no_name(constant: Tensor) -> str | None:
    return None


def follow(
    name: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    axes_of: Callable[[Tensor], Axes | None],
    output: Any,
    name_of: Callable[[Tensor], str | None] = _no_name,
) -> list[Axes]:
    """Return what the axes of each tensor that a call returned stand for.

    Args:
        name: of the function. Underscores around it do not count: ``"relu_"`` is ``"relu"``.
        args: its arguments.
        kwargs: its keyword arguments.
        axes_of: the axes of a recorded tensor, None for a constant.
        output: what it returned: a tensor, or a sequence of tensors.
        name_of: the name of the parameter that a constant is, or is a view of.

    Returns:
        One for each tensor in the output, in order; all axes `OTHER` where nothing is known.
    """
    if name in KEPT and args and isinstance(output, Tensor):  # most calls of convolutional networks
        axes = axes_of(args[0])
        if axes is not None and axes.shape == output.shape:
            return [axes]
    outputs = [output] if isinstance(output, Tensor) else _tensors(output)
    name = name.strip("_")
    rule = RULES.get(name)
    if rule is None:
        return [unknown(t.shape) for t in outputs]
    if kwargs:
        kwargs = {ALIASES.get(key, key): value for key, value in kwargs.items()}
    try:
        made = rule(Call(name, axes_of, output, name_of), *args, **kwargs)
    except Exception as error:
        warnings.warn(
            f"the layout of a call of {name} could not be followed: {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        made = None
    if isinstance(made, Axes):
        made = [made]
    made = [*(made or ()), *[None] * len(outputs)]
    return [
        axes if axes is not None and axes.shape == t.shape else unknown(t.shape)
        for axes, t in zip(made, outputs, strict=False)
    ]


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, tuple | list):
        return [t for item in value for t in _tensors(item)]
    return []
