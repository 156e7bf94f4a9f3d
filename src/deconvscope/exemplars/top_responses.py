"""The k strongest responses of every channel of a layer, one per image, kept while the images stream past.

The order is total: larger first, and of equal responses the image with the smaller number. So the top k of a union
are the top k of its parts' top k: merging is associative and commutative, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NOTHING = -1
"""The image number of an empty entry; its response is −∞."""


@dataclass(frozen=True)
class Responses:
    """A channel's strongest responses, strongest first, as arrays (C, k).

    Attributes:
        values: the responses; −∞ where fewer than k images responded.
        images: numbers of the images, `NOTHING` there.
        places: y·W + x in the layer's map; 0 for a layer that is a vector.
    """

    values: NDArray[Any]
    images: NDArray[np.int32]
    places: NDArray[Any]

    def map(self, function: Callable[[NDArray[Any]], NDArray[Any]]) -> Responses:
        """Apply a function to each array."""
        return Responses(function(self.values), function(self.images), function(self.places))


class TopResponses:
    """Each channel's k strongest responses so far, on the network's device; half precision is kept as float32."""

    def __init__(self, channels: int, k: int, dtype: torch.dtype, device: torch.device) -> None:
        kept = torch.float64 if dtype == torch.float64 else torch.float32
        self._values = torch.full((channels, k), float("-inf"), dtype=kept, device=device)
        self._images = torch.full((channels, k), NOTHING, dtype=torch.int32, device=device)
        self._places = torch.zeros((channels, k), dtype=torch.int32, device=device)

    def add(self, maps: Tensor, first: int, eligible: Tensor) -> None:
        """Add maps, (n, C, H, W) or (n, C), of consecutive images from number `first` on, if eligible, (n,).

        The numbers must be larger than all before.
        """
        maps = maps if maps.ndim == 4 else maps[:, :, None, None]
        in_rows = _row_maxima(maps)  # used again to find the places
        peaks = in_rows.amax(1).to(self._values.dtype)
        counts = eligible[:, None] & peaks.isfinite()
        peaks = torch.where(counts, peaks, float("-inf")).t()
        weakest = self._values[:, -1:]
        channels = (peaks > weakest).any(1).nonzero().squeeze(1)
        if not len(channels):
            return
        k = self._values.shape[1]
        # Stable, and later columns are later images: of equal responses the smaller number stays first
        joined = torch.cat([self._values[channels], peaks[channels]], 1)
        ordered, order = joined.sort(dim=1, descending=True, stable=True)
        order = order[:, :k]
        numbers = torch.arange(first, first + len(maps), dtype=torch.int32, device=maps.device)
        images = torch.cat([self._images[channels], numbers.expand(len(channels), -1)], 1)
        places = torch.nn.functional.pad(self._places[channels], (0, len(maps))).gather(1, order)
        row, column = (order >= k).nonzero(as_tuple=True)
        places[row, column] = _places(maps, in_rows, order[row, column] - k, channels[row]).to(
            torch.int32
        )
        self._values[channels] = ordered[:, :k]
        self._images[channels] = images.gather(1, order)
        self._places[channels] = places

    def responses(self, places_of: int) -> Responses:
        """Return the responses on the CPU; H·W of the layer decides how many bytes a place takes."""
        return Responses(
            self._values.cpu().numpy().copy(),
            self._images.cpu().numpy().copy(),
            self._places.cpu().numpy().astype(place_type(places_of)),
        )


def place_type(places: int) -> type[np.uint16] | type[np.uint32]:
    """Return the smallest type that can number so many places."""
    return np.uint16 if places <= 1 << 16 else np.uint32


def merged(parts: Sequence[Responses]) -> Responses:
    """Return the k strongest of several responses to different images, given in any order.

    Example:
        >>> one = Responses(np.array([[3.0]]), np.array([[0]], np.int32), np.array([[5]], np.uint16))
        >>> two = Responses(np.array([[4.0]]), np.array([[7]], np.int32), np.array([[2]], np.uint16))
        >>> merged([one, two]).images.tolist()
        [[7]]
    """
    k = parts[0].values.shape[1]
    values = np.concatenate([part.values for part in parts], 1)
    images = np.concatenate([part.images for part in parts], 1)
    places = np.concatenate([part.places for part in parts], 1)
    order = np.lexsort((images, -values), axis=1)[:, :k]
    return Responses(values, images, places).map(lambda a: np.take_along_axis(a, order, 1))


def without(responses: Responses, dropped: NDArray[np.int32]) -> Responses:
    """Return the responses without those of some images."""
    gone = np.isin(responses.images, dropped)
    if not gone.any():
        return responses
    emptied = Responses(
        np.where(gone, -np.inf, responses.values).astype(responses.values.dtype),
        np.where(gone, NOTHING, responses.images).astype(np.int32),
        np.where(gone, 0, responses.places).astype(responses.places.dtype),
    )
    return merged([emptied])


def _row_maxima(maps: Tensor) -> Tensor:
    """Return the maximum of each row of each map, (n, H, C)."""
    n, channels, height, width = maps.shape
    if maps.is_contiguous(memory_format=torch.channels_last):
        # On dense memory a reduction of a middle axis; amax(3) takes the CPU twenty times as long
        return (
            maps.permute(0, 2, 3, 1).reshape(-1, width, channels).amax(1).view(n, height, channels)
        )
    return maps.amax(3).transpose(1, 2)


def _places(maps: Tensor, in_rows: Tensor, image: Tensor, channel: Tensor) -> Tensor:
    """Return the first place, row by row, of each map's maximum."""
    y = in_rows[image, :, channel].argmax(1)
    x = maps[image, channel, y].argmax(1)
    return y * maps.shape[3] + x
