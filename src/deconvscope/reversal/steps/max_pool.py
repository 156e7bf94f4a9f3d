"""Max pools. MP† is a choice: ŷ goes to the switches, to the centres of the windows, or is spread evenly.

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 2. Where windows overlap, what arrives at
one place is summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..rules import PoolRule
from ..signals.batch import Batch
from ..signals.window import (
    Signal,
    Window,
    as_map,
    empty_channels_last,
    extent_of,
    lanewise,
    whole_map,
)
from .call import Call, Pair, Recorded, family, is_map, pair, stride_or
from .step import Reach, Step


@dataclass(frozen=True)
class PoolGeometry:
    """The windows of a max pool."""

    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair

    @property
    def span(self) -> Pair:
        """Height and width of a window, less one."""
        return self.dilation[0] * (self.kernel[0] - 1), self.dilation[1] * (self.kernel[1] - 1)

    @property
    def tiles(self) -> bool:
        """Whether the windows cover the map without gap or overlap."""
        return self.kernel == self.stride and self.dilation == (1, 1)

    @property
    def centre(self) -> int:
        """The central place of a window, row·columns + column; offset ceil(k/2) − 1 along each axis."""
        rows, columns = self.kernel
        return ((rows + 1) // 2 - 1) * columns + (columns + 1) // 2 - 1

    def switches(self, indices: Tensor, width: int) -> Tensor:
        """Return each window's switch, as row·columns + column inside the window, from indices of the whole map.

        Args:
            indices: (1, C, H, W) of int64, as ``torch.nn.functional.max_pool2d`` returns them.
            width: columns of the map that was pooled.
        """
        if self.span[1] >= width:  # windows wider than the map: as if it were wider
            indices, width = indices + indices // width * self.span[1], width + self.span[1]
        whole = torch.int32  # dividing these is slow, comparing is not
        rows, columns = (
            torch.arange(count, dtype=whole, device=indices.device) * stride - padding
            for count, stride, padding in zip(
                indices.shape[2:], self.stride, self.padding, strict=True
            )
        )
        places = indices.to(whole).sub_(
            rows[:, None] * width + columns
        )  # row·width + column, inside the window
        (down, across), (_, kernel_width) = self.dilation, self.kernel
        lines = [places >= row * down * width for row in range(1, self.kernel[0])]
        for line in lines:
            places.sub_(line.to(whole), alpha=down * width - across * kernel_width)
        if across > 1:
            places //= across
        places = places.to(torch.uint8 if self.kernel[0] * kernel_width <= 256 else whole)
        return places.contiguous(memory_format=torch.channels_last)


class MaxPool(Step):
    """A max pool of any kernel, stride, padding, dilation and ceil mode; keeps the switches, one byte each."""

    kind = "max pool"
    any_precision = True
    rule = "MP†"

    def __init__(self, x: Tensor, geometry: PoolGeometry, switches: Tensor) -> None:
        super().__init__(x)
        self.geometry, self.switches = geometry, switches
        self.extent = extent_of(x)
        rows, columns = geometry.kernel
        numbers = torch.arange(rows * columns, dtype=switches.dtype, device=switches.device)
        self.places = numbers.view(rows, 1, columns, 1)

    def bottleneck(self) -> Sequence[Tensor]:
        """Return the switches."""
        return (self.switches,)

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return stride, −padding and the size of a window."""
        g = self.geometry
        rows, columns = (
            Reach(Fraction(s), Fraction(-p), Fraction(n + 1))
            for s, p, n in zip(g.stride, g.padding, g.span, strict=True)
        )
        return rows, columns

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Put each ŷ where MP† of its row says."""
        y, g = as_map(y_hat), self.geometry
        runs = batch.pool_rows(self.layer)
        switches = y.cut(self.switches) if any(rule == "switches" for _, rule in runs) else None
        height, width = (
            (n - 1) * s + m + 1
            for n, s, m in zip(y.values.shape[2:], g.stride, g.span, strict=True)
        )
        shape = (y.values.shape[0], y.values.shape[1], height, width)
        if g.tiles and len(runs) == 1 and switches is not None:
            x = _tiled(y, switches, self.places)
        else:
            x = empty_channels_last(shape, y.values).zero_()
            for rows, rule in runs:
                self._unpool(
                    lanewise(x[rows], y.lanes), lanewise(y.values[rows], y.lanes), rule, switches
                )
        tops = tuple(t * g.stride[0] - g.padding[0] for t in y.tops)
        lefts = tuple(t * g.stride[1] - g.padding[1] for t in y.lefts)
        return (Window(x, y.channel, tops, lefts, self.extent).confined(),)

    def _unpool(self, x: Tensor, y: Tensor, rule: PoolRule, switches: Tensor | None) -> None:
        """Add ŷ to x̂ in place; both (architectures, lanes, c, h, w)."""
        g = self.geometry
        (rows, columns), height, width = g.kernel, y.shape[3], y.shape[4]
        share = y / (rows * columns) if rule == "uniform" else y
        for place in range(rows * columns) if rule != "centre" else (g.centre,):
            top, left = place // columns * g.dilation[0], place % columns * g.dilation[1]
            bottom, right = (
                top + (height - 1) * g.stride[0] + 1,
                left + (width - 1) * g.stride[1] + 1,
            )
            target = x[:, :, :, top : bottom : g.stride[0], left : right : g.stride[1]]
            if rule == "switches":
                assert switches is not None
                target.addcmul_(y, (switches == place).to(y.dtype))
            else:
                target += share


class AdaptiveMaxPool(Step):
    """A max pool to a given number of windows; keeps the argmax indices, four bytes each."""

    kind = "max pool"
    rule = "MP†"

    def __init__(self, x: Tensor, indices: Tensor) -> None:
        super().__init__(x)
        self.extent = extent_of(x)
        self.indices = indices.to(torch.int32)

    def bottleneck(self) -> Sequence[Tensor]:
        """Return the argmax indices."""
        return (self.indices,)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Put each ŷ where MP† of its row says, over the whole map."""
        y = as_map(y_hat).spread()
        channels, height, width = self.extent
        x = y.new_zeros((y.shape[0], channels, height * width))
        for rows, rule in batch.pool_rows(self.layer):
            part = y[rows].flatten(2)
            if rule == "uniform":
                x[rows] = (
                    _shares(height, y.shape[2], y).T @ y[rows] @ _shares(width, y.shape[3], y)
                ).flatten(2)
                continue
            indices = self.indices.flatten(2).long() if rule == "switches" else self._centres(y)
            x[rows] = x[rows].scatter_add(2, indices.expand_as(part), part)
        return (whole_map(x.view(*x.shape[:2], height, width), y_hat.lanes),)

    def _centres(self, y: Tensor) -> Tensor:
        rows, columns = (
            _middles(size, count, y.device)
            for size, count in zip(self.extent[1:], y.shape[2:], strict=True)
        )
        return (rows[:, None] * self.extent[2] + columns).reshape(1, 1, -1)


def _tiled(y: Window, switches: Tensor, places: Tensor) -> Tensor:
    """Return x̂ by one product, for windows that tile the map; `places` numbers those of one, (down, 1, across, 1)."""
    (rows, channels, height, width), (down, _, across, _) = y.values.shape, places.shape
    chosen = y.values.new_empty((switches.shape[0], height, down, width, across, channels))
    # compared into floats rather than booleans: a product with floats is quicker
    torch.eq(switches.permute(0, 2, 3, 1)[:, :, None, :, None, :], places, out=chosen)
    x = empty_channels_last((rows, channels, height * down, width * across), y.values)
    torch.mul(
        lanewise(y.values, y.lanes).permute(0, 1, 3, 4, 2)[:, :, :, None, :, None, :],
        chosen,
        out=x.permute(0, 2, 3, 1).view(-1, y.lanes, height, down, width, across, channels),
    )
    return x


def _parts(size: int, count: int) -> list[tuple[int, int]]:
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _middles(size: int, count: int, device: torch.device) -> Tensor:
    """Return the middle of each part; made on the device, so that nothing is copied to it."""
    part = torch.arange(count, device=device)
    start, end = part * size // count, ((part + 1) * size + count - 1) // count
    return start + (end - start + 1) // 2 - 1


def _shares(size: int, count: int, like: Tensor) -> Tensor:
    """Return (count, size): row i spreads 1 evenly over part i."""
    shares = like.new_zeros((count, size))
    for i, (start, end) in enumerate(_parts(size, count)):
        shares[i, start:end] = 1 / (end - start)
    return shares


@family("max_pool2d", "max_pool2d_with_indices")
def max_pool2d(
    call: Call,
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Recorded | None:
    """Read a max pool; the switches come from the indices that torch computes anyway."""
    if not is_map(input):
        return None
    kernel = pair(kernel_size)
    geometry = PoolGeometry(kernel, stride_or(kernel, stride), pair(padding), pair(dilation))
    y, indices = F.max_pool2d(
        input,
        kernel,
        geometry.stride,
        geometry.padding,
        geometry.dilation,
        ceil_mode,
        return_indices=True,
    )
    step = MaxPool(input, geometry, geometry.switches(indices, input.shape[3]))
    asked = return_indices or call.name == "max_pool2d_with_indices"
    return ((y, indices) if asked else y), step


@family("adaptive_max_pool2d", "adaptive_max_pool2d_with_indices")
def adaptive_max_pool2d(
    call: Call, input: Tensor, output_size: Any, return_indices: bool = False
) -> Recorded | None:
    """Read an adaptive max pool."""
    if not is_map(input):
        return None
    y, indices = F.adaptive_max_pool2d(input, output_size, return_indices=True)
    asked = return_indices or call.name == "adaptive_max_pool2d_with_indices"
    return ((y, indices) if asked else y), AdaptiveMaxPool(input, indices)
