"""Convolutions: y = Wx + b. The reversed layer is Wᵀŷ, the transposed convolution; no bias, nothing kept.

Zeiler & Fergus, *Visualizing and Understanding Convolutional Networks* (ECCV 2014), "Filtering"; Mahendran &
Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..runtime.packed_convolution import Prepared, convolve, in_an_order_that_is_right
from ..signals.batch import Batch
from ..signals.window import Signal, Window, as_map, extent_of, whole_map
from .call import Call, Pair, Recorded, family, is_map, pair
from .step import Reach, Step

FEW_CHANNELS = 4
"""Up to this many output channels, as for an image, a transposed convolution is computed a block of pixels at a time.

Vector units work on 16 channels at once, of which an image would use three.
"""

FEW_PIXELS = 64
"""Up to this many pixels are multiplied by a matrix, since a convolution packs its filters on every call."""


class _Filter(Step):
    """What both directions of convolution share: the weight and the geometry.

    Attributes:
        kernel: height and width of the filters.
        span: height and width that a dilated filter covers, less one.
    """

    weight: Tensor

    def __init__(
        self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, dilation: Pair, groups: int
    ) -> None:
        super().__init__(x)
        self.read_on_the_way_back(weight)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.extent = extent_of(x)
        self.kernel = (weight.shape[2], weight.shape[3])
        self.span = (dilation[0] * (self.kernel[0] - 1), dilation[1] * (self.kernel[1] - 1))

    def _prepared(self, weight: Tensor, dtype: torch.dtype, batch: Batch, part: bool) -> Prepared:
        """Return what gives the weight in a form: the whole weight from the store, a part of it made each time."""
        if part:
            return lambda form, make: make(weight.to(dtype))
        return lambda form, make: batch.prepared.get(self.weight, form, dtype, make)


class Convolution(_Filter):
    """Cross-correlation of any stride, padding, dilation and groups; weight (C_out, C_in/groups, k, k)."""

    kind = "convolution"
    any_precision = True
    rule = "Wᵀ (transposed convolution)"

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Add each value of ŷ times its filter; where filters overlap, the products are summed."""
        self.require_unchanged()
        y = as_map(y_hat)
        weight, groups, channel = self.weight.detach(), self.groups, 0
        channels_out = y.values.shape[1]
        if groups > 1:
            per_group_out, per_group_in = weight.shape[0] // groups, weight.shape[1]
            group = y.channel // per_group_out
            if y.channel + channels_out <= (group + 1) * per_group_out:  # within one group
                groups, channel = 1, group * per_group_in
            else:
                y = y.all_channels()
                channels_out = y.values.shape[1]
        part = channels_out < weight.shape[0]
        if part:
            weight = weight[y.channel : y.channel + channels_out]
        tops = tuple(t * self.stride[0] - self.padding[0] for t in y.tops)
        lefts = tuple(t * self.stride[1] - self.padding[1] for t in y.lefts)
        one_pixel = y.height * y.width == 1
        one_tap = self.kernel == self.stride == (1, 1) and y.values[:, 0].numel() <= FEW_PIXELS
        if groups == 1 and (one_pixel or one_tap):
            values, trims = self._multiplied(y.values, weight, batch, part), (0, 0)
        else:
            trims = self._trims(y, tops, lefts)
            values = self._transposed(y.values, weight, groups, trims, batch, part)
        tops, lefts = tuple(t + trims[0] for t in tops), tuple(t + trims[1] for t in lefts)
        return (Window(values, channel, tops, lefts, self.extent).confined(),)

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return stride, −padding and the span of the filter."""
        rows, columns = (
            Reach(Fraction(s), Fraction(-p), Fraction(n + 1))
            for s, p, n in zip(self.stride, self.padding, self.span, strict=True)
        )
        return rows, columns

    def _trims(self, y: Window, tops: tuple[int, ...], lefts: tuple[int, ...]) -> Pair:
        """Return how many rows and columns at the border, the same on both sides, need not be computed."""
        if not y.aligned:
            return 0, 0
        bottom = tops[0] + (y.height - 1) * self.stride[0] + self.span[0] + 1 - self.extent[1]
        right = lefts[0] + (y.width - 1) * self.stride[1] + self.span[1] + 1 - self.extent[2]
        down, across = min(-tops[0], bottom, self.span[0]), min(-lefts[0], right, self.span[1])
        return max(0, down), max(0, across)

    def _transposed(
        self, y: Tensor, weight: Tensor, groups: int, trims: Pair, batch: Batch, part: bool
    ) -> Tensor:
        prepared = self._prepared(weight, y.dtype, batch, part)
        square = self.kernel[0] == self.kernel[1] and self.stride[0] == self.stride[1]
        if groups == 1 and square and self.dilation == (1, 1) and weight.shape[1] <= FEW_CHANNELS:
            return _in_blocks(y, prepared, self.kernel[0], self.stride[0], trims)
        if groups == 1 and self.stride == (1, 1):
            padding = (self.span[0] - trims[0], self.span[1] - trims[1])
            return convolve(y, prepared, "flipped", _flipped, 1, padding, self.dilation)
        y, weight = in_an_order_that_is_right(y, prepared, "channels last", _channels_last)
        return F.conv_transpose2d(y, weight, None, self.stride, trims, 0, groups, self.dilation)

    def _multiplied(self, y: Tensor, weight: Tensor, batch: Batch, part: bool) -> Tensor:
        """Return x̂ by one matrix product, for one pixel or for pixels whose filters do not overlap."""
        rows, channels_out, height, width = y.shape
        prepared = self._prepared(weight, y.dtype, batch, part)
        products = y.permute(0, 2, 3, 1).reshape(-1, channels_out) @ prepared(
            "rows", _rows_of_filters
        )
        kernel_y, kernel_x = self.kernel
        products = products.view(rows, height * kernel_y, width * kernel_x, -1)
        values = products.permute(0, 3, 1, 2)
        if self.span == (kernel_y - 1, kernel_x - 1):
            return values
        apart = values.new_zeros((rows, values.shape[1], self.span[0] + 1, self.span[1] + 1))
        apart[:, :, :: self.dilation[0], :: self.dilation[1]] = values
        return apart


class TransposedConvolution(_Filter):
    """A transposed convolution of the network itself; weight (C_in, C_out/groups, k, k). Reversed: a convolution."""

    kind = "transposed convolution"
    any_precision = True
    rule = "Wᵀ (convolution)"

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Convolve ŷ: each place of x̂ gathers where its filter was added."""
        self.require_unchanged()
        y = as_map(y_hat).all_channels()
        if not y.aligned:  # the places of the lanes may differ modulo the stride
            y = whole_map(y.spread(), y.lanes)
        top, bottom, above, below = self._rows(y.tops[0], y.height, 0)
        left, right, before, after = self._rows(y.lefts[0], y.width, 1)
        zeros = (0,) * y.lanes
        if top >= bottom or left >= right:  # between filters, where no input reaches
            nothing = y.values.new_zeros((y.values.shape[0], self.extent[0], 1, 1))
            return (Window(nothing, 0, zeros, zeros, self.extent),)
        values = F.pad(y.values, (before, after, above, below))
        prepared = self._prepared(self.weight, values.dtype, batch, part=False)
        values, weight = in_an_order_that_is_right(
            values, prepared, "channels last", _channels_last
        )
        values = F.conv2d(values, weight, None, self.stride, 0, self.dilation, self.groups)
        values = values[:, :, : bottom - top, : right - left]
        return (Window(values, 0, (top,) * y.lanes, (left,) * y.lanes, self.extent),)

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return the reach, whose stride is 1/stride."""
        rows, columns = (
            Reach(Fraction(1, s), Fraction(p - n, s), Fraction(n, s) + 1)
            for s, p, n in zip(self.stride, self.padding, self.span, strict=True)
        )
        return rows, columns

    def _rows(self, start: int, size: int, axis: int) -> tuple[int, int, int, int]:
        """Return the first and last input row that the window touches, and the padding that aligns it with them."""
        stride, padding = self.stride[axis], self.padding[axis]
        span, limit = self.span[axis], self.extent[1 + axis]
        first = max(-((span - start - padding) // stride), 0)
        last = min((start + size - 1 + padding) // stride, limit - 1) + 1
        before = start - (first * stride - padding)
        after = (last - 1) * stride - padding + span + 1 - (start + size)
        return first, last, before, after


def _flipped(weight: Tensor) -> Tensor:
    """Return filters flipped along both axes, input and output channels exchanged, in channels-last order."""
    return weight.flip(2, 3).transpose(0, 1).contiguous(memory_format=torch.channels_last)


def _channels_last(weight: Tensor) -> Tensor:
    return weight.contiguous(memory_format=torch.channels_last)


def _in_blocks(y: Tensor, prepared: Prepared, kernel: int, stride: int, trims: Pair) -> Tensor:
    """Return the transposed convolution to few channels, by a convolution whose channels are blocks of pixels.

    Output pixel block·n + r, r < block = stride·step, gathers inputs step·n + i, i ≥ −⌊(kernel − 1)/stride⌋.
    """
    step = 2 if stride == 1 else 1
    block, before = stride * step, (kernel - 1) // stride

    def blocks(weight: Tensor) -> Tensor:
        channels_out, channels_in = weight.shape[:2]
        size = before + step
        filters = weight.new_zeros((channels_in, block, block, channels_out, size, size))
        for top in range(block):
            for left in range(block):
                for i in range(size):
                    for j in range(size):
                        row, column = top - stride * (i - before), left - stride * (j - before)
                        if 0 <= row < kernel and 0 <= column < kernel:
                            filters[:, top, left, :, i, j] = weight[:, :, row, column].T
        return _channels_last(filters.flatten(0, 2))

    margin = before + step - 1  # so that the last block is whole
    made = convolve(y, prepared, "blocks", blocks, step, (margin, margin), (1, 1))
    values = F.pixel_shuffle(made, block)
    (down, across), first = trims, stride * (step - 1)
    height, width = ((n - 1) * stride + kernel for n in y.shape[2:])
    return values[
        :, :, first + down : first + height - down, first + across : first + width - across
    ]


def _rows_of_filters(weight: Tensor) -> Tensor:
    """Return filters as rows (C_out, k·k·C_in), their values in the order of a channels-last map."""
    return weight.permute(0, 2, 3, 1).reshape(weight.shape[0], -1).contiguous()


@family("conv2d")
def conv2d(
    call: Call,
    input: Tensor,
    weight: Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Recorded | None:
    """Read a two-dimensional convolution."""
    if not is_map(input):
        return None
    dilation = pair(dilation)
    if padding == "valid":
        padding = 0
    elif padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        padding = [t // 2 for t in totals]  # an odd one goes to the end, where it shifts nothing
    return call.run(), Convolution(input, weight, pair(stride), pair(padding), dilation, groups)


@family("conv_transpose2d")
def conv_transpose2d(
    call: Call,
    input: Tensor,
    weight: Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Recorded | None:
    """Read a two-dimensional transposed convolution."""
    if not is_map(input):
        return None
    return call.run(), TransposedConvolution(
        input, weight, pair(stride), pair(padding), pair(dilation), groups
    )
