"""Linear maps along rows and along columns: average pools, interpolation. Reversed: Myᵀ ŷ Mx."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..runtime.capabilities import REDUCED
from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, as_map, extent_of, whole_map
from .call import Call, Recorded, family, is_map, pair, stride_or
from .elementwise import reduction
from .step import Reach, Step

Span = tuple[int, int]


class Separable(Step):
    """y = My x Mxᵀ in every channel: an average pool or an interpolation.

    The matrices are the layer applied to the identity. Nothing of the forward pass is kept.
    """

    kind = "average pool"
    any_precision = True
    rule = "Mᵀ"

    def __init__(
        self,
        x: Tensor,
        rows: Tensor,
        columns: Tensor,
        kind: str,
        reach: tuple[Reach, Reach] | None = None,
    ) -> None:
        """Keep My (h_out, h_in) and Mx (w_out, w_in), and the reach where it is known without them."""
        super().__init__(x)
        self.rows, self.columns = rows, columns
        self._row_spans, self._column_spans = _spans(rows), _spans(columns)
        self._reach = reach or (_reach(self._row_spans, rows), _reach(self._column_spans, columns))
        self.named = kind
        self.extent = extent_of(x)

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return which inputs an output sees."""
        return self._reach

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Multiply by the transposed matrices, inside the rows and columns that the window reaches."""
        y = as_map(y_hat)
        if not y.aligned:
            x = _along(y.spread(), self.rows, self.columns)
            return (whole_map(x, y.lanes),)
        below, right_of = y.tops[0] + y.height, y.lefts[0] + y.width
        top, bottom = _joined(self._row_spans[y.tops[0] : below])
        left, right = _joined(self._column_spans[y.lefts[0] : right_of])
        rows = self.rows[y.tops[0] : below, top:bottom]
        columns = self.columns[y.lefts[0] : right_of, left:right]
        x = _along(y.values, rows, columns)
        return (Window(x, y.channel, (top,) * y.lanes, (left,) * y.lanes, self.extent),)


def _matrix(size: int, along: Callable[[Tensor], Tensor], like: Tensor) -> Tensor:
    """Return the matrix (out, in) of a linear map along one axis, by applying it to the identity.

    Args:
        size: length of the input axis.
        along: the map; takes unit vectors (size, 1, size, 1), one for each batch entry, to (size, 1, out, 1).
        like: a tensor of the wanted dtype and device; the matrix is float32 where that is a 16-bit type.
    """
    dtype = torch.float32 if like.dtype in REDUCED else like.dtype
    identity = torch.eye(size, dtype=dtype, device=like.device).view(size, 1, size, 1)
    return along(identity).reshape(size, -1).T.contiguous()


def _spans(matrix: Tensor) -> list[Span]:
    """Return each row's first column that is not zero, and its last plus one; (0, 0) where all are zero."""
    hit = matrix != 0
    first, after = hit.int().argmax(1), matrix.shape[1] - hit.flip(1).int().argmax(1)
    spans = torch.stack([first, after], 1) * hit.any(1, keepdim=True)
    return [(start, end) for start, end in spans.tolist()]


def _reach(spans: Sequence[Span], matrix: Tensor) -> Reach:
    """Return a reach that covers the span of every row."""
    stride = Fraction(matrix.shape[1], matrix.shape[0])
    first = min(start - i * stride for i, (start, end) in enumerate(spans) if end)
    last = max(end - 1 - i * stride for i, (start, end) in enumerate(spans) if end)
    return Reach(stride, first, last - first + 1)


def _joined(spans: Sequence[Span]) -> Span:
    """Return the smallest span of at least one column that covers all of these."""
    filled = [span for span in spans if span[1]] or [(0, 1)]
    return min(start for start, _ in filled), max(end for _, end in filled)


def _along(y: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return rowsᵀ y columns, channels-last: (R, c, h, w) → (R, c, h_in, w_in), in the type of y."""
    rows, columns = rows.to(y.dtype), columns.to(y.dtype)
    y = torch.einsum("rhwc,hi->riwc", y.permute(0, 2, 3, 1), rows)
    return torch.einsum("riwc,wj->rijc", y, columns).permute(0, 3, 1, 2)


class MeanOverPlaces(Step):
    """y = the mean of each channel's map, (1, C, H, W) → (1, C). Reversed: ŷ/(H·W) everywhere."""

    kind = "average pool"
    rule = "Mᵀ"

    def __init__(self, x: Tensor) -> None:
        super().__init__(x)
        self.shape = tuple(x.shape)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Spread ŷ evenly."""
        dense = y_hat.densified()
        share = dense.values[..., None, None] / (self.shape[2] * self.shape[3])
        return (Dense(share.expand(-1, *self.shape).contiguous(), dense.lanes),)


@family("avg_pool2d")
def avg_pool2d(
    call: Call,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Recorded | None:
    """Read an average pool."""
    if not is_map(input):
        return None
    kernel, pads = pair(kernel_size), pair(padding)
    strides, divisor = stride_or(kernel, stride), 1 if divisor_override else None

    def along(axis: int) -> Any:
        return lambda x: F.avg_pool2d(
            x,
            (kernel[axis], 1),
            (strides[axis], 1),
            (pads[axis], 0),
            ceil_mode,
            count_include_pad,
            divisor,
        )

    my, mx = _matrix(input.shape[2], along(0), input), _matrix(input.shape[3], along(1), input)
    mx = mx / divisor_override if divisor_override else mx
    down, right = (
        Reach(Fraction(s), Fraction(-p), Fraction(k))
        for k, s, p in zip(kernel, strides, pads, strict=True)
    )
    return call.run(), Separable(input, my, mx, "average pool", (down, right))


@family("adaptive_avg_pool2d")
def adaptive_avg_pool2d(call: Call, input: Tensor, output_size: Any) -> Recorded | None:
    """Read an adaptive average pool."""
    if not is_map(input):
        return None
    y = call.run()

    def along(size: int) -> Any:
        return lambda x: F.adaptive_avg_pool2d(x, (size, 1))

    my, mx = (
        _matrix(input.shape[2], along(y.shape[2]), input),
        _matrix(input.shape[3], along(y.shape[3]), input),
    )
    return y, Separable(input, my, mx, "average pool")


@family("mean")
def mean(
    call: Call, input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Recorded | None:
    """Read a mean over both axes of a map."""
    axes = [dim] if isinstance(dim, int) else dim or []
    if not is_map(input) or {axis % 4 for axis in axes} != {2, 3} or dtype is not None:
        return None if input.is_complex() else reduction(call, input, dim, keepdim, True)
    if not keepdim:
        return call.run(), MeanOverPlaces(input)
    rows, columns = (input.new_full((1, size), 1 / size) for size in input.shape[2:])
    return call.run(), Separable(input, rows, columns, "average pool")


@family("interpolate")
def interpolate(
    call: Call,
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Recorded | None:
    """Read an interpolation of maps to a larger or smaller size."""
    known = ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
    if not is_map(input) or mode not in known or antialias:
        return None

    def along(which: int) -> Any:
        factor = scale_factor[which] if isinstance(scale_factor, tuple | list) else scale_factor
        line: dict[str, Any] = (
            {"scale_factor": (float(factor), 1.0)}
            if factor is not None and not recompute_scale_factor
            else {"size": (y.shape[2 + which], 1)}
        )
        return lambda x: F.interpolate(x, mode=mode, align_corners=align_corners, **line)

    y = call.run()
    my, mx = (_matrix(input.shape[2 + which], along(which), input) for which in (0, 1))
    return y, Separable(input, my, mx, "interpolation")
