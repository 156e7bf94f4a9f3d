"""A finished build, opened by memory map: channel → its strongest images, and how rare a response is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from deconvscope.models import Model, UnknownModelError, as_model, load_model
from deconvscope.reversal import (
    DECONVNET,
    Architecture,
    Asked,
    Neuron,
    Reversed,
    UnknownLayerError,
    near_matches,
)

from .data_set import data_digest, require_same_files
from .errors import BrokenPartError, ChangedBuildError, UnfinishedBuildError
from .files import read_about, read_sealed
from .images import Files, ImageSource, Listing, image_source, unpacked_listing
from .layer_exemplars import Exemplar, LayerExemplars, ResultFile
from .layers import CollectedLayer, Rectified
from .manifest import Manifest, difference, read_manifest
from .parts import LISTING, MERGED
from .reversed_exemplars import ExemplarReversal, SeenNeuron

if TYPE_CHECKING:
    from torch import nn

KEPT = 16
"""Channels whose pictures stay in memory; those of a deep layer take 5 MB."""


class Exemplars(Mapping[str, LayerExemplars]):
    """The strongest images of every channel, by layer; open with `Exemplars.open`.

    A mapping from the paths of the collected layers to their `LayerExemplars`; labels are accepted too.

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
        self._pictures: dict[tuple[str, int, Asked], list[Reversed]] = {}

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        model: str | nn.Module | Model | None = None,
        images: Any = None,
    ) -> Exemplars:
        """Open a merged build; nothing of it is read before it is asked for.

        Args:
            path: the folder given to `build`.
            model: the model, for reversed pictures; by default the catalogue's of that name.
            images: the data set, where it was no folder or lies elsewhere now; it must have the names of the build's
                and the sizes of its files, or where there are no files, the contents.

        Raises:
            UnfinishedBuildError: nothing is there, or it is not merged.
            BrokenPartError: a file of the build is broken.
            ChangedBuildError: the model or the data set is another than the build's.
        """
        folder = Path(path).expanduser()
        manifest = read_manifest(folder)
        if not (folder / MERGED).is_file():
            raise UnfinishedBuildError(
                f"{folder} is not merged yet: python -m deconvscope exemplars merge {quote(str(folder))}"
            )
        if read_about(folder / MERGED).get("manifest") != manifest.digest:
            raise BrokenPartError(
                f"{MERGED} is of another build than its manifest: python -m deconvscope exemplars merge "
                f"{quote(str(folder))}"
            )
        own = None if model is None else as_model(model)
        listed = None if images is None else image_source(images)
        opened = cls(folder, manifest, own, listed)
        if listed is not None:
            require_same_files(opened._listing, listed.listing)
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
        """Name of each image that repeats another → name of that other; it has no place among the exemplars."""
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
        """Return a layer's exemplars, by path or label; a rectifier's are its input's where positive.

        Raises:
            UnknownLayerError: the layer was not collected, with near matches.
        """
        found = self._found(layer)
        if found is None:
            known = dict.fromkeys(name for one in self.layers for name in (one.label, one.name))
            raise UnknownLayerError(
                f"no exemplars of layer {layer!r}{near_matches(layer, known)}; collected: "
                + ", ".join(one.label for one in self.layers)
            )
        return LayerExemplars(self._file, self.names, self.extent, *found)

    def image(self, exemplar: Exemplar) -> Image.Image:
        """Return the pixels that the network sees of an exemplar's image, RGB."""
        return self.source.view(exemplar.image, self.model.preprocess)

    def patch(self, exemplar: Exemplar) -> Image.Image:
        """Return an exemplar's image cut to what its neuron sees, RGB."""
        w = exemplar.window
        return self.image(exemplar).crop((w.left, w.top, w.left + w.width, w.top + w.height))

    def pictures(
        self,
        layer: str,
        channel: int,
        architectures: Asked = DECONVNET,
        between: Callable[[], None] = lambda: None,
    ) -> list[Reversed]:
        """Return the reversed pictures of a channel's exemplars, each at its neuron; computed once, then kept.

        Args:
            layer: path or label.
            channel: index.
            architectures: as `Recording.reverse` takes them.
            between: called before each picture; may raise to give up.

        Raises:
            UnknownLayerError: the layer was not collected.
            ChangedBuildError: the model is another than the build's.
        """
        one, name = self[layer], self.recorded_name(layer)
        asked = tuple(architectures) if isinstance(architectures, list) else architectures
        key = (name, channel % len(one), asked)
        if key not in self._pictures:
            made = []
            for found in one[channel]:
                between()
                image = self.source.input(found.image, self.model.preprocess)
                neuron = Neuron(name, key[1], found.y, found.x)
                seen = SeenNeuron(neuron, found.value, found.window)
                made.append(self._reversal.reverse(image, seen, asked))
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
        """Return Fig. 2 of Zeiler & Fergus (ECCV 2014): the patches of channels, and beneath each its reversed picture.

        Args:
            layer: path or label.
            channels: one or several.
            architecture: object, name or letters.
        """
        from .figure import draw_figure

        several = [channels] if isinstance(channels, int) else list(channels)
        return draw_figure(self, layer, several, architecture)

    def export(self, path: str | PathLike[str]) -> Path:
        """Write everything as one table, a row an exemplar; the ending ``.csv`` or ``.parquet`` says how.

        Raises:
            ValueError: another ending.
            ModuleNotFoundError: Parquet needs pyarrow.
        """
        from .tables import write_table

        return write_table(self, Path(path).expanduser())

    @cached_property
    def model(self) -> Model:
        """The model of the build.

        Raises:
            ChangedBuildError: the catalogue has none of that name, or with other weights.
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
        """Make sure that these exemplars are of this model.

        Raises:
            ChangedBuildError: they are of another network, or it saw images otherwise prepared.
        """
        differs = difference(model, self.manifest)
        if differs:
            raise ChangedBuildError(
                f"these exemplars are of {self.manifest.label}; the model {model.name!r} is not the one: {differs}"
            )

    @cached_property
    def source(self) -> ImageSource:
        """The data set.

        Raises:
            ChangedBuildError: it was no folder and was not given, or images of these names have other contents.
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

    def recorded_name(self, layer: str) -> str:
        """Return the module path of a layer that `exemplars[layer]` knows."""
        for name in self.manifest.rectified:
            if layer in (name, self._rectified_label(name)):
                return name
        return self[layer].layer.name

    def __repr__(self) -> str:
        return (
            f"Exemplars of {self.manifest.label}: the {self.manifest.k} strongest of {self.manifest.images} images for "
            f"each channel of {', '.join(one.label for one in self.layers)}"
        )

    @cached_property
    def _listing(self) -> Listing:
        sealed = read_sealed(self.folder / LISTING)
        return unpacked_listing(sealed.arrays, sealed.about["kind"], sealed.about["root"])

    @cached_property
    def _reversal(self) -> ExemplarReversal:
        half = getattr(torch, self.manifest.dtype).itemsize < 4
        return ExemplarReversal(self.model, self.manifest.shape, 0.05 if half else 1e-3)

    def _found(self, layer: object) -> tuple[CollectedLayer, Rectified | None] | None:
        if not isinstance(layer, str):
            return None
        for name, rectified in self.manifest.rectified.items():
            if layer in (name, self._rectified_label(name)):
                collected = self.manifest.layer(rectified.layer)
                return None if collected is None else (collected, rectified)
        collected = self.manifest.layer(layer)
        return None if collected is None else (collected, None)

    def _rectified_label(self, name: str) -> str:
        from deconvscope.models import layer_labels

        return layer_labels(self.manifest.model, [name])[name]
