"""A finished build, read by memory map: each channel's strongest images, and how rare a response is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import safe_open

from ..analysis import Progress, no_progress
from ..models import Model, UnknownModelError, as_model, layer_labels, layer_path, load_model
from ..reversal import (
    DECONVNET,
    Architecture,
    Asked,
    Box,
    Neuron,
    Reversed,
    UnknownLayerError,
    as_architectures,
    near_matches,
)
from .errors import BrokenFileError, ChangedBuildError, UnfinishedBuildError, UnknownChannelError
from .export import FigureRow, draw_figure, write_table
from .files import read_about, read_sealed
from .histogram import quantile, share_at_least
from .images import Files, ImageSource, Listing, data_digest, image_source, require_same_files
from .layers import CollectedLayer, Rectified
from .manifest import Manifest, difference, read_manifest
from .reversed_exemplars import ExemplarReversal
from .shards import LISTING, MERGED

if TYPE_CHECKING:
    from torch import nn

KEPT = 16
"""Channels whose pictures stay in memory; those of a deep layer take 5 MB."""


class ResultFile:
    """The arrays of a merged build, memory-mapped."""

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
        name: its name: the path in the folder, or the data set's name for it.
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
    """The exemplars of a layer, one list per channel, strongest first; made by ``exemplars[layer]``."""

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

    def share_at_least(self, channel: int, value: float) -> float:
        """Return the share of the channel's responses, over the whole data set, that are at least this strong.

        0.003 is "in the top 0.3 %". Responses are counted at places spread evenly over the maps of all images, in bins
        of a quarter octave inside which they count as evenly spread. At least one response counts where an exemplar is
        as strong.
        """
        if self._rectified is not None and value <= 0:
            return 1.0
        counts = self._row("histogram", channel)
        share = share_at_least(counts, value)
        if share == 0 and any(one.value >= value for one in self[channel][:1]):
            return 1 / int(counts.sum())
        return share

    def quantile(self, channel: int, share: float) -> float:
        """Return the response that this share of the channel's responses reach; see `share_at_least`."""
        value = quantile(self._row("histogram", channel), share)
        return value if self._rectified is None else self._rectified.response(value)

    def _row(self, what: str, channel: int) -> NDArray[Any]:
        if not -len(self) <= channel < len(self):
            raise UnknownChannelError(
                f"channel {channel} of {self.layer.name!r}: it has {len(self)} channels, so 0 … {len(self) - 1}"
            )
        return self._result.row(self.layer.name, what, channel % len(self))


class Exemplars(Mapping[str, LayerExemplars]):
    """The strongest images of every channel, by layer; open with `Exemplars.open`.

    A mapping from the names of the collected layers to their `LayerExemplars`; labels are accepted too.

    Example:
        >>> exemplars = Exemplars.open("exemplars")  # doctest: +SKIP
        >>> exemplars["conv4_3"][33][0]              # doctest: +SKIP
        Exemplar(image=1207, name='n01440764/x.JPEG', y=12, x=3, value=310.2, window=Box(...))
    """

    def __init__(
        self, folder: Path, manifest: Manifest, model: Model | None, source: ImageSource | None
    ) -> None:
        self.folder, self.manifest = folder, manifest
        self._file = ResultFile(folder / MERGED)
        self._model, self._source = model, source
        self._pictures: dict[tuple[str, int, tuple[Architecture, ...]], list[Reversed]] = {}

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        model: str | nn.Module | Model | None = None,
        images: Any = None,
    ) -> Exemplars:
        """Open a merged build; its arrays are read when they are needed.

        Args:
            path: the folder given to `build`.
            model: the model, for reversed pictures; by default the catalogue's model of that name.
            images: the data set, if it was not a folder or has moved; it must have the build's names and file sizes, or
                without files the same contents.

        Raises:
            UnfinishedBuildError: the folder holds no build, or it is not merged.
            BrokenFileError: a file of the build is broken.
            ChangedBuildError: the model or the data set is not the build's.
        """
        folder = Path(path).expanduser()
        manifest = read_manifest(folder)
        quoted = quote(str(folder))
        if not (folder / MERGED).is_file():
            raise UnfinishedBuildError(
                f"{folder} is not merged yet: python -m deconvscope exemplars merge {quoted}"
            )
        if read_about(folder / MERGED).get("manifest") != manifest.digest:
            raise BrokenFileError(
                f"{MERGED} is of another build than its manifest: python -m deconvscope exemplars merge {quoted}"
            )
        own = None if model is None else as_model(model)
        given = None if images is None else image_source(images)
        opened = cls(folder, manifest, own, given)
        if given is not None:
            require_same_files(opened._listing, given.listing)
        if own is not None:
            opened.require(own)
        return opened

    @property
    def layers(self) -> tuple[CollectedLayer, ...]:
        """The layers that were collected, in the order of execution."""
        return self.manifest.layers

    @property
    def extent(self) -> tuple[int, int]:
        """(H, W) of the network's input."""
        return self.manifest.shape[1], self.manifest.shape[2]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all images of the data set."""
        return self._listing.names

    @cached_property
    def skipped(self) -> dict[str, str]:
        """Name of each image that could not be read → why."""
        about = read_about(self.folder / MERGED)
        return {self.names[int(number)]: why for number, why in about["skipped"].items()}

    @cached_property
    def duplicates(self) -> dict[str, str]:
        """Name of each image that repeats another → name of the other, which alone can be an exemplar."""
        pairs = self._file.array("images/duplicates").tolist()
        return {self.names[copy]: self.names[original] for copy, original in pairs}

    def __contains__(self, layer: object) -> bool:
        return self._found(layer) is not None

    def __iter__(self) -> Iterator[str]:
        return (one.name for one in self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __getitem__(self, layer: str) -> LayerExemplars:
        """Return a layer's exemplars, by name or label; a rectifier's are its input's where positive.

        Raises:
            UnknownLayerError: the layer was not collected, with near matches.
        """
        return self._named(layer)[1]

    def recorded_name(self, layer: str) -> str:
        """Return the name in a recording of a layer given by name or label."""
        return self._named(layer)[0]

    def image(self, exemplar: Exemplar) -> Image.Image:
        """Return the pixels that the network sees of an exemplar's image, RGB."""
        return self.source.view(exemplar.image, self.model.preprocess)

    def patch(self, exemplar: Exemplar) -> Image.Image:
        """Return an exemplar's image cropped to what its neuron sees, RGB."""
        w = exemplar.window
        return self.image(exemplar).crop((w.left, w.top, w.left + w.width, w.top + w.height))

    def pictures(
        self,
        layer: str,
        channel: int,
        architectures: Asked = DECONVNET,
        progress: Progress = no_progress,
    ) -> list[Reversed]:
        """Return the reversed pictures of a channel's exemplars, each at its neuron; recent ones are kept.

        Args:
            layer: name or label.
            channel: index.
            architectures: as `Recording.reverse` takes them.
            progress: called before each picture with (done, total); an exception ends the work.

        Raises:
            UnknownLayerError: the layer was not collected.
            ChangedBuildError: the model is not the build's.
        """
        name, exemplars = self._named(layer)
        found, asked = exemplars[channel], as_architectures(architectures)
        key = (name, channel % len(exemplars), asked)
        if key not in self._pictures:
            made = []
            for done, one in enumerate(found):
                progress(done, len(found))
                image = self.source.input(one.image, self.model.preprocess)
                neuron = Neuron(name, key[1], one.y, one.x)
                made.append(self._reversal.reverse(image, neuron, one.value, one.window, asked))
            while len(self._pictures) >= KEPT:
                del self._pictures[next(iter(self._pictures))]
            self._pictures[key] = made
        return self._pictures[key]

    def figure(
        self,
        layer: str,
        channels: Sequence[int] | int,
        architecture: Architecture | str = DECONVNET,
    ) -> Image.Image:
        """Draw Fig. 2 of Zeiler & Fergus (ECCV 2014): patches of channels, each above its reversed picture.

        Args:
            layer: name or label.
            channels: one or several.
            architecture: object, name or letters.
        """
        (asked,) = as_architectures(architecture)
        name, exemplars = self._named(layer)
        several = [channels] if isinstance(channels, int) else list(channels)
        label = layer_labels(self.manifest.model, [name])[name]
        rows = [
            FigureRow(
                f"{label} · channel {channel} · {asked.name}",
                [self.patch(one) for one in exemplars[channel]],
                self.pictures(layer, channel, asked),
            )
            for channel in several
            if exemplars[channel]
        ]
        if not rows:
            raise ValueError(f"channels {several} of {layer!r}: none has an exemplar")
        return draw_figure(rows)

    def export(self, path: str | PathLike[str]) -> Path:
        """Write a table with one row per exemplar, as ``.csv`` or ``.parquet``; rank 0 is a channel's strongest.

        Raises:
            ValueError: another suffix.
            ModuleNotFoundError: Parquet needs pyarrow.
        """
        rows = (
            (
                layer.name, layer.label, channel, rank, one.image, one.name, one.y, one.x, one.value,
                one.window.top, one.window.left, one.window.height, one.window.width,
            )
            for layer in self.layers
            for channel, found in enumerate(self[layer.name])
            for rank, one in enumerate(found)
        )  # fmt: skip
        return write_table(rows, Path(path).expanduser())

    @cached_property
    def model(self) -> Model:
        """The model of the build.

        Raises:
            ChangedBuildError: the catalogue has no model of that name, or one with other weights.
        """
        if self._model is not None:
            return self._model
        try:
            model = load_model(self.manifest.model)
        except UnknownModelError:
            raise ChangedBuildError(
                f"these exemplars are of your own model {self.manifest.model!r}; pass it: "
                f"deconvscope.exemplars.Exemplars.open({str(self.folder)!r}, model=model)"
            ) from None
        self.require(model)
        return model

    def require(self, model: Model) -> None:
        """Check that these exemplars are of this model.

        Raises:
            ChangedBuildError: they are of another network or preprocessing.
        """
        differs = difference(model, self.manifest)
        if differs:
            raise ChangedBuildError(
                f"these exemplars are of {self.manifest.label}; the model {model.name!r} is another: {differs}"
            )

    @cached_property
    def source(self) -> ImageSource:
        """The data set.

        Raises:
            ChangedBuildError: it was not a folder and was not given, or its images have other contents.
        """
        if self._source is not None:
            if not self._listing.sizes and self.manifest.data != data_digest(
                self._listing, self._source, self.model.preprocess
            ):
                raise ChangedBuildError(
                    "the first, middle or last image of the data set given has another content than that of these "
                    "exemplars: give the data set that they were built from"
                )
            return self._source
        if self.manifest.kind not in ("folder", "files"):
            raise ChangedBuildError(
                f"these exemplars are of a {self.manifest.kind} that no file keeps; pass it: "
                f"deconvscope.exemplars.Exemplars.open({str(self.folder)!r}, images=images)"
            )
        return Files(self._listing)

    def __repr__(self) -> str:
        return (
            f"Exemplars of {self.manifest.label}: the {self.manifest.k} strongest of {self.manifest.images} images for "
            f"each channel of {', '.join(one.label for one in self.layers)}"
        )

    @cached_property
    def _listing(self) -> Listing:
        sealed = read_sealed(self.folder / LISTING)
        return Listing.unpacked(sealed.arrays, sealed.about["kind"], sealed.about["root"])

    @cached_property
    def _reversal(self) -> ExemplarReversal:
        half = getattr(torch, self.manifest.dtype).itemsize < 4
        return ExemplarReversal(self.model, self.manifest.shape, 0.05 if half else 1e-3)

    @cached_property
    def _collected(self) -> dict[str, CollectedLayer]:
        """The collected layers by name and alias."""
        return {name: one for one in self.layers for name in (one.name, *one.aliases)}

    def _found(self, layer: object) -> tuple[CollectedLayer, str, Rectified | None] | None:
        """Return a collected layer, and the layer's own name and rectifier where it is the input of a rectifier."""
        if not isinstance(layer, str):
            return None
        rectified = self.manifest.rectified
        path = layer_path(self.manifest.model, layer, [*rectified, *self._collected])
        if path in rectified:
            return self._collected[rectified[path].layer], path, rectified[path]
        one = self._collected.get(path)
        return None if one is None else (one, one.name, None)

    def _named(self, layer: str) -> tuple[str, LayerExemplars]:
        """Return the name of a layer given by name or label, and its exemplars."""
        found = self._found(layer)
        if found is None:
            known = dict.fromkeys(name for one in self.layers for name in (one.label, one.name))
            raise UnknownLayerError(
                f"no exemplars of layer {layer!r}{near_matches(layer, known)}; collected: "
                + ", ".join(one.label for one in self.layers)
            )
        one, name, rectified = found
        return name, LayerExemplars(self._file, self.names, self.extent, one, rectified)
