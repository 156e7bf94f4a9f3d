"""Linear maps that act along rows and columns alone: average pools and upsampling. Reversed: Myᵀ ŷ Mx."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..runtime.capabilities import REDUCED
from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, as_map, whole_map
from .call import Call, Recorded, family, is_map, pair
from .step import Reach, Step

Span = tuple[int, int]
Axis = Callable[[Tensor], Tensor]
"""The map along one axis: (1, size, size, 1) or (1, size, 1, size) identity in, its matrix out."""


class Separable(Step):
    """y = My x Mxᵀ in every channel, for an average pool or an interpolation.

    The two matrices are the layer applied to the identity; none of the bottleneck is needed.
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
        """Keep My (h_out, h_in) and Mx (w_out, w_in), and the reach where it is known better than from them."""
        super().__init__(x)
        self.rows, self.columns = rows, columns
        self._row_spans, self._column_spans = _spans(rows), _spans(columns)
        self._reach = reach or (
            _looked_at(self._row_spans, rows),
            _looked_at(self._column_spans, columns),
        )
        self.named = kind
        self.extent = (x.shape[1], x.shape[2], x.shape[3])

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return which inputs an output sees."""
        return self._reach

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Spread ŷ by the transposed matrices, inside the rows and columns that they reach."""
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


def fixed_windows(kernel: int, stride: int, padding: int) -> Reach:
    """Return the reach along one axis of a pool."""
    return Reach(Fraction(stride), Fraction(-padding), Fraction(kernel))


def matrix(size: int, along: Axis, like: Tensor) -> Tensor:
    """Return the matrix (out, in) of a linear map along one axis, by applying it to the identity.

    Args:
        size: length of the input axis.
        along: maps (size, 1, size, 1)-shaped unit vectors, one a batch entry, to (size, 1, out, 1).
        like: a tensor of the dtype and device wanted; of a type of half a float32, float32 is made.
    """
    dtype = torch.float32 if like.dtype in REDUCED else like.dtype
    identity = torch.eye(size, dtype=dtype, device=like.device).view(size, 1, size, 1)
    return along(identity).reshape(size, -1).T.contiguous()


def _spans(matrix: Tensor) -> list[Span]:
    """Return for each row the first column that is not zero, and the last plus one; zeros where there is none."""
    hit = matrix != 0
    first, after = hit.int().argmax(1), matrix.shape[1] - hit.flip(1).int().argmax(1)
    spans = torch.stack([first, after], 1) * hit.any(1, keepdim=True)
    return [(start, end) for start, end in spans.tolist()]


def _looked_at(spans: Sequence[Span], matrix: Tensor) -> Reach:
    """Return a reach that holds the span of every row."""
    stride = Fraction(matrix.shape[1], matrix.shape[0])
    first = min(start - i * stride for i, (start, end) in enumerate(spans) if end)
    last = max(end - 1 - i * stride for i, (start, end) in enumerate(spans) if end)
    return Reach(stride, first, last - first + 1)


def _joined(spans: Sequence[Span]) -> Span:
    """Return the columns from the first to the last of all spans, at least one."""
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
    strides = pair(stride) if stride is not None and stride != [] and stride != () else kernel

    divisor = 1 if divisor_override else None

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

    my, mx = matrix(input.shape[2], along(0), input), matrix(input.shape[3], along(1), input)
    mx = mx / divisor_override if divisor_override else mx
    down, right = (fixed_windows(k, s, p) for k, s, p in zip(kernel, strides, pads, strict=True))
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
        matrix(input.shape[2], along(y.shape[2]), input),
        matrix(input.shape[3], along(y.shape[3]), input),
    )
    return y, Separable(input, my, mx, "average pool")


@family("mean")
def mean(
    call: Call, input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Recorded | None:
    """Read a mean over both axes of a map."""
    axes = (
        {d % 4 for d in ([dim] if isinstance(dim, int) else dim or [])} if is_map(input) else set()
    )
    if axes != {2, 3} or dtype is not None:
        return None
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
    """Read an interpolation of maps, up or down."""
    smooth = ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
    if not is_map(input) or mode not in smooth or antialias:
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
    my, mx = (matrix(input.shape[2 + which], along(which), input) for which in (0, 1))
    return y, Separable(input, my, mx, "interpolation")
