"""The exemplars of one layer, channel by channel, read from the result's file when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import safe_open

from deconvscope.reversal import Box

from .errors import UnknownChannelError
from .histogram import quantile, share_at_least
from .layers import CollectedLayer, Rectified


class ResultFile:
    """The arrays of a merged build, memory-mapped.

    Raises:
        FileNotFoundError: there is none.
    """

    def __init__(self, path: Path) -> None:
        self._file: Any = safe_open(path, framework="numpy")

    def row(self, layer: str, what: str, channel: int) -> NDArray[Any]:
        """Return one channel's row of a layer's "value", "image", "place" or "histogram"."""
        row: NDArray[Any] = self._file.get_slice(f"{layer}/{what}")[channel : channel + 1][0]
        return row

    def array(self, name: str) -> NDArray[Any]:
        """Return a whole array."""
        whole: NDArray[Any] = self._file.get_tensor(name)
        return whole


@dataclass(frozen=True)
class Exemplar:
    """An image that excites a channel, and where.

    Attributes:
        image: its number in the data set.
        name: its name: the path in the folder, or what the data set calls it.
        y, x: place of the neuron in the layer's map; None in a vector.
        value: its response.
        window: the pixels that it sees of the network's input.
    """

    image: int
    name: str
    y: int | None
    x: int | None
    value: float
    window: Box


class LayerExemplars(Sequence[list[Exemplar]]):
    """The exemplars of a layer, a list a channel, strongest first; made by ``exemplars[layer]``."""

    def __init__(
        self,
        result: ResultFile,
        names: Sequence[str],
        extent: tuple[int, int],
        layer: CollectedLayer,
        rectified: Rectified | None = None,
    ) -> None:
        self._result, self._names, self._extent = result, names, extent
        self.layer, self._rectified = layer, rectified

    def __len__(self) -> int:
        return self.layer.channels

    def __getitem__(self, channel: Any) -> Any:
        """Return a channel's exemplars; of a rectifier only those with a positive response.

        Raises:
            UnknownChannelError: the layer has fewer channels.
        """
        if isinstance(channel, slice):
            return [self[one] for one in range(*channel.indices(len(self)))]
        values, images, places = (
            self._row(what, channel).tolist() for what in ("value", "image", "place")
        )
        found = []
        for value, image, place in zip(values, images, places, strict=True):
            response = value if self._rectified is None else self._rectified.response(value)
            if image < 0 or (self._rectified is not None and response <= 0):
                break
            y, x = self.layer.place(place)
            window = self.layer.window(y, x, self._extent)
            found.append(Exemplar(image, self._names[image], y, x, response, window))
        return found

    def __iter__(self) -> Iterator[list[Exemplar]]:
        return (self[channel] for channel in range(len(self)))

    def share_at_least(self, channel: int, value: float) -> float:
        """Return which share of the channel's responses, over the whole data set, are at least this strong.

        0.003 is "in the top 0.3 %". Counted at places spread evenly over the maps of all images; the bins are a
        quarter of an octave wide and responses inside one count as evenly spread. At least one response
        where an exemplar is as strong.
        """
        if self._rectified is not None and value <= 0:
            return 1.0
        counts = self._row("histogram", channel)
        share = share_at_least(counts, value)
        if share == 0 and any(one.value >= value for one in self[channel][:1]):
            return 1 / int(counts.sum())
        return share

    def quantile(self, channel: int, share: float) -> float:
        """Return the response that this share of the channel's responses reach or pass; see `share_at_least`."""
        value = quantile(self._row("histogram", channel), share)
        return value if self._rectified is None else self._rectified.response(value)

    def _row(self, what: str, channel: int) -> NDArray[Any]:
        if not -len(self) <= channel < len(self):
            raise UnknownChannelError(
                f"channel {channel} of {self.layer.name!r}: it has {len(self)} channels, so 0 … {len(self) - 1}"
            )
        number = channel % len(self)
        return self._result.row(self.layer.name, what, number)
