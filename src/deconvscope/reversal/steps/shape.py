"""Calls that move values and do not change them: reshape, permute, pad, copies, dropout in eval mode."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, as_map, extent_of
from .call import ANY, Call, Recorded, family, is_map
from .rearrangement import padded
from .step import Elementwise, Reach, Step


class Unchanged(Elementwise):
    """y = x: dropout in eval mode, a copy, a change of memory layout. Reversed: ŷ."""

    kind = "identity"
    any_precision = True
    rule = "ŷ"

    def __init__(self, x: Tensor, kind: str = "identity") -> None:
        super().__init__(x)
        self.named = kind

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ."""
        return (y_hat,)


class Reshape(Step):
    """The same values in the same order under another shape: flatten, view, squeeze. Reversed: the old shape."""

    kind = "reshape"
    any_precision = True
    rule = "reshaped back"

    def __init__(self, x: Tensor) -> None:
        super().__init__(x)
        self.shape = tuple(x.shape)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ in the shape of x."""
        dense = y_hat.densified()
        return (Dense(dense.values.reshape(dense.values.shape[0], *self.shape), dense.lanes),)


class Permute(Step):
    """Axes in another order. Reversed: the old order."""

    kind = "permute"
    any_precision = True
    rule = "permuted back"

    def __init__(self, x: Tensor, axes: Sequence[int]) -> None:
        super().__init__(x)
        axes = [axis % x.ndim for axis in axes]
        self.inverse = [axes.index(i) for i in range(x.ndim)]

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ with the axes of x."""
        dense = y_hat.densified()
        return (Dense(dense.values.permute(0, *(1 + axis for axis in self.inverse)), dense.lanes),)


class Pad(Step):
    """A border of constants around a map (negative: a crop). Reversed: what falls on the border is dropped."""

    kind = "pad"
    any_precision = True
    rule = "cropped"

    def __init__(self, x: Tensor, left: int, top: int) -> None:
        super().__init__(x)
        self.left, self.top = left, top
        self.extent = extent_of(x)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Shift the window by the border and cut it to the map."""
        y = as_map(y_hat)
        tops, lefts = tuple(t - self.top for t in y.tops), tuple(t - self.left for t in y.lefts)
        return (Window(y.values, y.channel, tops, lefts, self.extent).confined(),)

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return a point, shifted by the border."""
        rows, columns = (
            Reach(Fraction(1), Fraction(-border), Fraction(1)) for border in (self.top, self.left)
        )
        return rows, columns


@family(
    "flatten", "reshape", "view", "squeeze", "unsqueeze", "unflatten", "view_as", "reshape_as", "ravel", numbers=ANY
)  # fmt: skip
def reshape(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded | None:
    """Read a change of shape that keeps the order of the values; ``view`` of another dtype is not one."""
    if any(isinstance(a, torch.dtype) for a in (*args, *kwargs.values())):
        return None
    return call.run(), Reshape(input)


@family("permute", numbers=ANY)
def permute(call: Call, input: Tensor, *dims: Any, **kwargs: Any) -> Recorded:
    """Read a permutation of all axes."""
    axes = kwargs.get("dims", dims)
    axes = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return call.run(), Permute(input, axes)


@family("transpose", "swapaxes", "swapdims", numbers=ANY)
def transpose(call: Call, input: Tensor, dim0: int, dim1: int) -> Recorded:
    """Read an exchange of two axes."""
    axes = list(range(input.ndim))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return call.run(), Permute(input, axes)


@family("contiguous", "clone", numbers=ANY)
def copied(call: Call, input: Tensor, **kwargs: Any) -> Recorded:
    """Read a copy or a change of memory layout."""
    return call.run(), Unchanged(input)


@family(
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout", "feature_alpha_dropout",
    numbers=ANY,
)  # fmt: skip
def dropout(
    call: Call, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Recorded | None:
    """Read dropout in eval mode, where it changes nothing."""
    return (call.run(), Unchanged(input, "dropout")) if not training or p == 0 else None


@family("pad", numbers=ANY)
def pad(
    call: Call,
    input: Tensor,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Recorded | None:
    """Read a border of constants around maps, or of any kind around any tensor."""
    if not is_map(input) or mode != "constant" or len(pad) not in (2, 4):
        return None if input.is_complex() else padded(call, input, pad, mode)
    border = [int(p) for p in pad]
    return call.run(), Pad(input, border[0], border[2] if len(border) == 4 else 0)
