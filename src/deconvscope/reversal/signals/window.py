"""A reversed signal: `Window` where it is zero outside a box of a map, `Dense` where it may be anything anywhere.

A batch of signals has architectures × lanes rows. A lane is one selection. The windows of all lanes have one size but
each its own place. With one lane the window is cut at the border of its map; with several a window may extend beyond
the border, where it is kept at zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Box:
    """A rectangle of a map or of the image, in whole pixels."""

    top: int
    left: int
    height: int
    width: int


Extent = tuple[int, int, int]
"""Channels, height and width of a map."""
Part = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True)
class Dense:
    """A whole signal: values (rows, *shape), where shape is the recorded tensor's with its batch axis."""

    values: Tensor
    lanes: int

    def cut(self, activation: Tensor) -> Tensor:
        """Return the recorded tensor, broadcastable to the values viewed by `lanewise`."""
        return activation.unsqueeze(0)

    def with_values(self, values: Tensor) -> Dense:
        """Return a signal with other values of the same shape."""
        return replace(self, values=values)

    def densified(self) -> Dense:
        """Return itself."""
        return self

    def to(self, dtype: torch.dtype) -> Dense:
        """Return the signal in another precision; complex numbers stay complex."""
        values = in_precision(self.values, dtype)
        return self if values is self.values else self.with_values(values)


@dataclass(frozen=True)
class Window:
    """A signal that is zero outside a box: values (rows, c, h, w) of a (1, C, H, W) tensor.

    Attributes:
        values: the signal inside the box, in channels-last order where that is faster.
        channel: the first channel of the box; the signal is zero in channels outside channel … channel + c − 1.
        tops, lefts: the box's first row and column, for each lane.
        extent: (C, H, W) of the whole map.
    """

    values: Tensor
    channel: int
    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    extent: Extent

    @property
    def lanes(self) -> int:
        """How many selections the batch holds."""
        return len(self.tops)

    @property
    def aligned(self) -> bool:
        """Whether the windows of all lanes are at one place."""
        return self.lanes == 1 or (len(set(self.tops)) == 1 and len(set(self.lefts)) == 1)

    @property
    def height(self) -> int:
        """Rows of pixels inside the box."""
        return self.values.shape[2]

    @property
    def width(self) -> int:
        """Columns of pixels inside the box."""
        return self.values.shape[3]

    @property
    def box(self) -> Box:
        """The place of the only lane's window."""
        return Box(self.tops[0], self.lefts[0], self.height, self.width)

    @property
    def whole(self) -> bool:
        """Whether the box is the whole map in every lane."""
        return self.values.shape[1:] == self.extent and not any(self.tops) and not any(self.lefts)

    def with_values(self, values: Tensor) -> Window:
        """Return the same box with other values of the same shape."""
        return replace(self, values=values)

    def cut(self, activation: Tensor) -> Tensor:
        """Return what a (1, C, H, W) tensor holds inside the box, (lanes, c, h, w), zero beyond its border.

        Axes of size 1 in the tensor stay 1, so that they broadcast.
        """
        _, channels, height, width = activation.shape
        _, c, h, w = self.values.shape
        chosen = slice(self.channel, self.channel + c) if channels > 1 else slice(None)
        if self.aligned:
            top, left = self.tops[0], self.lefts[0]
            rows = slice(top, top + h) if height > 1 else slice(None)
            columns = slice(left, left + w) if width > 1 else slice(None)
            return activation[:, chosen, rows, columns]
        if height == width == 1:
            return activation[:, chosen]
        maps = activation[0, chosen].expand(-1, *self.extent[1:])
        last = activation.is_contiguous(memory_format=torch.channels_last)
        cut = torch.empty(
            (self.lanes, maps.shape[0], h, w),
            dtype=maps.dtype,
            device=maps.device,
            memory_format=torch.channels_last if last else torch.contiguous_format,
        )
        for lane, (seen, inside) in zip(cut, self._places(), strict=True):
            part = lane[:, inside[0], inside[1]]
            if part.shape != lane.shape:
                lane.zero_()
            part.copy_(maps[:, seen[0], seen[1]])
        return cut

    def confined(self) -> Window:
        """Return the window with nothing outside its map: cut where the lanes agree, else zeroed in place."""
        _, height, width = self.extent
        if (
            min(self.tops) >= 0
            and min(self.lefts) >= 0
            and max(self.tops) + self.height <= height
            and max(self.lefts) + self.width <= width
        ):
            return self
        if self.aligned:
            return self._cropped()
        if self.height * self.width >= height * width:
            values = self._spread_maps()
            return replace(whole_map(values, self.lanes), channel=self.channel, extent=self.extent)
        by_lane = lanewise(self.values, self.lanes)
        for lane, (_, (rows, columns)) in enumerate(self._places()):
            values = by_lane[:, lane]
            values[:, :, : rows.start].zero_()
            values[:, :, rows.stop :].zero_()
            values[:, :, :, : columns.start].zero_()
            values[:, :, :, columns.stop :].zero_()
        return self

    def _cropped(self) -> Window:
        _, height, width = self.extent
        rows, own_rows = _overlap(self.tops[0], self.height, height)
        columns, own_columns = _overlap(self.lefts[0], self.width, width)
        values, top, left = self.values[:, :, own_rows, own_columns], rows.start, columns.start
        if not values.numel():  # nothing of the window lies in the map: zero in one pixel of it
            values = torch.zeros_like(self.values[:, :, :1, :1])
            top, left = min(max(top, 0), height - 1), min(max(left, 0), width - 1)
        return replace(self, values=values, tops=(top,) * self.lanes, lefts=(left,) * self.lanes)

    def all_channels(self) -> Window:
        """Return the same signal with every channel of the map inside the box."""
        rows, channels, height, width = self.values.shape
        if channels == self.extent[0]:
            return self
        values = empty_channels_last((rows, self.extent[0], height, width), self.values).zero_()
        values[:, self.channel : self.channel + channels] = self.values
        return replace(self, values=values, channel=0)

    def spread(self) -> Tensor:
        """Return the values over the whole map, (rows, C, H, W), zero outside the box."""
        return self.values if self.whole else self.all_channels()._spread_maps()

    def _spread_maps(self) -> Tensor:
        """Return the values over the whole map in the channels of the box, (rows, c, H, W)."""
        rows, channels = self.values.shape[:2]
        spread = empty_channels_last((rows, channels, *self.extent[1:]), self.values).zero_()
        source, target = lanewise(self.values, self.lanes), lanewise(spread, self.lanes)
        for lane, (seen, inside) in enumerate(self._places()):
            target[:, lane, :, seen[0], seen[1]] = source[:, lane, :, inside[0], inside[1]]
        return spread

    def _places(self) -> Iterator[tuple[Part, Part]]:
        """Yield for each lane the part of the map that its box covers, and that part of the box."""
        _, height, width = self.extent
        for top, left in zip(self.tops, self.lefts, strict=True):
            rows, columns = _overlap(top, self.height, height), _overlap(left, self.width, width)
            yield (rows[0], columns[0]), (rows[1], columns[1])

    def to(self, dtype: torch.dtype) -> Window:
        """Return the signal in another precision; complex numbers stay complex."""
        values = in_precision(self.values, dtype)
        return self if values is self.values else self.with_values(values)

    def densified(self) -> Dense:
        """Return the same signal as a `Dense` one of the recorded tensor's shape (1, C, H, W)."""
        return Dense(self.spread().unsqueeze(1), self.lanes)


Signal = Window | Dense


def whole_map(values: Tensor, lanes: int) -> Window:
    """Return a window that is the whole map, from values (rows, C, H, W)."""
    zeros = (0,) * lanes
    return Window(values, 0, zeros, zeros, extent_of(values))


def as_map(signal: Signal) -> Window:
    """Return the signal of a (1, C, H, W) tensor as a window."""
    if isinstance(signal, Window):
        return signal
    return whole_map(signal.values.squeeze(1), signal.lanes)


def extent_of(maps: Tensor) -> Extent:
    """Return channels, height and width of maps (N, C, H, W)."""
    return maps.shape[1], maps.shape[2], maps.shape[3]


def lanewise(values: Tensor, lanes: int) -> Tensor:
    """View (architectures × lanes, …) as (architectures, lanes, …)."""
    return values.view(-1, lanes, *values.shape[1:])


def in_precision(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return values in another type.

    Args:
        values: real or complex.
        dtype: a floating-point type, for which complex values stay complex, in that precision or the next finer; or a
            complex type, to which real values are converted too.
    """
    if values.is_complex() and not dtype.is_complex:
        dtype = torch.complex128 if dtype == torch.float64 else torch.complex64
    return values.to(dtype)


def in_layout_of(values: Tensor, factor: Tensor) -> Tensor:
    """Return a factor in the memory order of the values; mixing two orders costs more than a copy."""
    if values.ndim != 4 or factor.ndim != 4 or (values.stride(1) == 1) == (factor.stride(1) == 1):
        return factor
    last = torch.channels_last if values.stride(1) == 1 else torch.contiguous_format
    return factor.contiguous(memory_format=last)


def total(first: Signal, second: Signal) -> Signal:
    """Return the sum of two signals at the same tensor, in the smallest box that holds both."""
    if isinstance(first, Dense) or isinstance(second, Dense):
        one, other = first.densified(), second.densified()
        return one.with_values(one.values + other.values)
    if _same_place(first, second):
        return first.with_values(first.values + second.values)
    offsets = {
        (b - a, d - c)
        for a, b, c, d in zip(first.tops, second.tops, first.lefts, second.lefts, strict=True)
    }
    if len(offsets) > 1:  # lanes whose two windows are placed differently share no box
        return whole_map(first.spread() + second.spread(), first.lanes)
    ((dy, dx),) = offsets
    channel, top, left = min(first.channel, second.channel), min(0, dy), min(0, dx)
    channels = max(s.channel + s.values.shape[1] for s in (first, second)) - channel
    height = max(first.height, dy + second.height) - top
    width = max(first.width, dx + second.width) - left
    shape = (first.values.shape[0], channels, height, width)
    values = empty_channels_last(shape, first.values).zero_()
    for signal, y, x in ((first, -top, -left), (second, dy - top, dx - left)):
        c = signal.channel - channel
        inside = values[:, c : c + signal.values.shape[1]]
        inside[:, :, y : y + signal.height, x : x + signal.width] += signal.values
    tops, lefts = tuple(t + top for t in first.tops), tuple(t + left for t in first.lefts)
    return Window(values, channel, tops, lefts, first.extent)


def empty_channels_last(shape: tuple[int, int, int, int], like: Tensor) -> Tensor:
    """Return an uninitialised channels-last tensor of the other's dtype and device."""
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


def _overlap(start: int, size: int, limit: int) -> tuple[slice, slice]:
    """Return where the span start … start + size lies in 0 … limit: as a slice of the whole, and of the span."""
    first = min(max(-start, 0), size)
    after = max(min(limit - start, size), first)
    return slice(start + first, start + after), slice(first, after)


def _same_place(first: Window, second: Window) -> bool:
    return (
        first.values.shape == second.values.shape
        and first.channel == second.channel
        and first.tops == second.tops
        and first.lefts == second.lefts
    )
