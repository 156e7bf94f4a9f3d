"""A reversed signal: `Window` where it is zero outside a box of a map, `Dense` where it is known everywhere.

A batch of reversed signals has `rows` = architectures × lanes. A lane is one selection; all lanes of a batch
share the size of the window and differ in where it stands. With one lane the window is cut at the border of
its map; with several, a window may hang over the border, and what hangs over is kept at zero.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Dense:
    """A signal known everywhere: values (rows, *shape), shape the recorded tensor's, batch axis included."""

    values: Tensor
    lanes: int

    def cut(self, activation: Tensor) -> Tensor:
        """Return the recorded tensor, broadcastable to the values seen lane by lane."""
        return activation.unsqueeze(0)

    def with_values(self, values: Tensor) -> Dense:
        """Return the same place with other values of the same shape."""
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
        values: the signal inside the box, memory in channels-last order where that is faster.
        channel: the first channel of the box; the signal is zero in channels outside channel … channel + c.
        tops, lefts: where the box stands in the map, one entry a lane.
        extent: (C, H, W) of the whole map.
    """

    values: Tensor
    channel: int
    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    extent: tuple[int, int, int]

    @property
    def lanes(self) -> int:
        """How many selections the batch holds."""
        return len(self.tops)

    @property
    def aligned(self) -> bool:
        """Whether the windows of all lanes stand at one place."""
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
        """Where the only lane's window stands."""
        return Box(self.tops[0], self.lefts[0], self.height, self.width)

    @property
    def whole(self) -> bool:
        """Whether the box is the whole map in every lane."""
        return self.values.shape[1:] == self.extent and not any(self.tops) and not any(self.lefts)

    def with_values(self, values: Tensor) -> Window:
        """Return the same box with other values of the same shape."""
        return replace(self, values=values)

    def cut(self, activation: Tensor) -> Tensor:
        """Return what a (1, C, H, W) tensor holds inside the box, (lanes, c, h, w); zero where lanes hang over.

        Axes of size 1 in the tensor stay 1 (they broadcast).
        """
        channels = (
            slice(self.channel, self.channel + self.values.shape[1])
            if activation.shape[1] > 1
            else slice(None)
        )
        height, width = activation.shape[2], activation.shape[3]
        if self.aligned:
            rows = slice(self.tops[0], self.tops[0] + self.height) if height > 1 else slice(None)
            columns = slice(self.lefts[0], self.lefts[0] + self.width) if width > 1 else slice(None)
            return activation[:, channels, rows, columns]
        chosen = activation[0, channels]
        if height == 1 and width == 1:
            return chosen.unsqueeze(0)
        layout = (
            torch.channels_last
            if activation.is_contiguous(memory_format=torch.channels_last)
            else torch.contiguous_format
        )
        shape = (
            self.lanes,
            chosen.shape[0],
            self.height if height > 1 else 1,
            self.width if width > 1 else 1,
        )
        lanes = torch.empty(
            shape, dtype=activation.dtype, device=activation.device, memory_format=layout
        )
        for lane, (top, left) in enumerate(zip(self.tops, self.lefts, strict=True)):
            y0, y1 = _inside(top, self.height, height) if height > 1 else (0, 1)
            x0, x1 = _inside(left, self.width, width) if width > 1 else (0, 1)
            if (y1 - y0, x1 - x0) != shape[2:]:
                lanes[lane].zero_()
            dy, dx = (top if height > 1 else 0), (left if width > 1 else 0)
            lanes[lane, :, y0 - dy : y1 - dy, x0 - dx : x1 - dx] = chosen[:, y0:y1, x0:x1]
        return lanes

    def confined(self) -> Window:
        """Return the window with nothing outside its map: cut where the lanes agree, zeroed in place where not."""
        _, full_height, full_width = self.extent
        height, width = self.height, self.width
        if (
            min(self.tops) >= 0
            and min(self.lefts) >= 0
            and max(self.tops) + height <= full_height
            and max(self.lefts) + width <= full_width
        ):
            return self
        if not self.aligned and height * width >= full_height * full_width:
            return replace(
                whole_map(self._spread_maps(), self.lanes), channel=self.channel, extent=self.extent
            )
        if not self.aligned:
            by_lane = lanewise(self.values, self.lanes)
            for lane, (top, left) in enumerate(zip(self.tops, self.lefts, strict=True)):
                y0, y1 = _inside(top, self.height, full_height)
                x0, x1 = _inside(left, self.width, full_width)
                values = by_lane[:, lane]
                values[:, :, : min(y0 - top, self.height)].zero_()
                values[:, :, max(y1 - top, 0) :].zero_()
                values[:, :, :, : min(x0 - left, self.width)].zero_()
                values[:, :, :, max(x1 - left, 0) :].zero_()
            return self
        top, left = self.tops[0], self.lefts[0]
        y0, y1 = _inside(top, self.height, full_height)
        x0, x1 = _inside(left, self.width, full_width)
        if (
            y0 == y1 or x0 == x1
        ):  # nothing of the window lies in the map: a zero signal in one pixel of it
            y0, x0 = min(y0, full_height - 1), min(x0, full_width - 1)
            return replace(
                self,
                values=torch.zeros_like(self.values[:, :, :1, :1]),
                tops=(y0,) * self.lanes,
                lefts=(x0,) * self.lanes,
            )
        values = self.values[:, :, y0 - top : y1 - top, x0 - left : x1 - left]
        return replace(self, values=values, tops=(y0,) * self.lanes, lefts=(x0,) * self.lanes)

    def all_channels(self) -> Window:
        """Return the same signal with every channel of the map inside the box."""
        channels = self.extent[0]
        if self.values.shape[1] == channels:
            return self
        rows = self.values.shape[0]
        values = empty_channels_last((rows, channels, self.height, self.width), self.values).zero_()
        values[:, self.channel : self.channel + self.values.shape[1]] = self.values
        return replace(self, values=values, channel=0)

    def spread(self) -> Tensor:
        """Return the values over the whole map, (rows, C, H, W), zero outside the box."""
        return self.values if self.whole else self.all_channels()._spread_maps()

    def _spread_maps(self) -> Tensor:
        """Return the values over the whole map in the channels of the box, (rows, c, H, W)."""
        _, full_height, full_width = self.extent
        channels = self.values.shape[1]
        spread = empty_channels_last(
            (self.values.shape[0], channels, full_height, full_width), self.values
        ).zero_()
        by_lane, spread_by_lane = lanewise(self.values, self.lanes), lanewise(spread, self.lanes)
        for lane, (top, left) in enumerate(zip(self.tops, self.lefts, strict=True)):
            y0, y1 = _inside(top, self.height, full_height)
            x0, x1 = _inside(left, self.width, full_width)
            spread_by_lane[:, lane, :, y0:y1, x0:x1] = by_lane[
                :, lane, :, y0 - top : y1 - top, x0 - left : x1 - left
            ]
        return spread

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
    return Window(values, 0, zeros, zeros, (values.shape[1], values.shape[2], values.shape[3]))


def as_map(signal: Signal) -> Window:
    """Return the signal of a (1, C, H, W) tensor as a window."""
    return (
        signal if isinstance(signal, Window) else whole_map(signal.values.squeeze(1), signal.lanes)
    )


def lanewise(values: Tensor, lanes: int) -> Tensor:
    """View (architectures × lanes, …) as (architectures, lanes, …)."""
    return values.view(-1, lanes, *values.shape[1:])


def in_precision(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return values in a floating-point type, complex ones in the complex type of that precision or the next finer.

    Args:
        values: real or complex.
        dtype: a floating-point or complex type; of the latter, real values become complex.
    """
    if values.is_complex() and not dtype.is_complex:
        dtype = torch.complex128 if dtype == torch.float64 else torch.complex64
    return values.to(dtype)


def in_layout_of(values: Tensor, factor: Tensor) -> Tensor:
    """Return a factor in the order of memory of the values; mixing the two orders costs more than a copy."""
    if values.ndim != 4 or factor.ndim != 4:
        return factor
    if values.stride(1) == 1:
        return (
            factor
            if factor.stride(1) == 1
            else factor.contiguous(memory_format=torch.channels_last)
        )
    return factor.contiguous() if factor.stride(1) == 1 else factor


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
    if len(offsets) > 1:  # lanes whose two windows stand differently to one another share no box
        return whole_map(first.spread() + second.spread(), first.lanes)
    ((dy, dx),) = offsets
    channel = min(first.channel, second.channel)
    channels = max(s.channel + s.values.shape[1] for s in (first, second)) - channel
    top, left = min(0, dy), min(0, dx)
    height = max(first.height, dy + second.height) - top
    width = max(first.width, dx + second.width) - left
    values = empty_channels_last(
        (first.values.shape[0], channels, height, width), first.values
    ).zero_()
    for signal, y, x in ((first, -top, -left), (second, dy - top, dx - left)):
        c = signal.channel - channel
        values[:, c : c + signal.values.shape[1], y : y + signal.height, x : x + signal.width] += (
            signal.values
        )
    return Window(
        values,
        channel,
        tuple(t + top for t in first.tops),
        tuple(t + left for t in first.lefts),
        first.extent,
    )


def empty_channels_last(shape: tuple[int, int, int, int], like: Tensor) -> Tensor:
    """Return an uninitialised channels-last tensor of the other's dtype and device."""
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


def _inside(start: int, size: int, limit: int) -> tuple[int, int]:
    """Return the part of start … start + size that lies in 0 … limit, empty parts inside the interval."""
    first = min(max(start, 0), limit)
    return first, max(min(start + size, limit), first)


def _same_place(first: Window, second: Window) -> bool:
    return (
        first.values.shape == second.values.shape
        and first.channel == second.channel
        and first.tops == second.tops
        and first.lefts == second.lefts
    )
