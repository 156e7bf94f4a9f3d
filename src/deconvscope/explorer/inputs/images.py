"""The images one explorer can look at: the bundled photographs and the person's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from torch import Tensor

from deconvscope.models import (
    SAMPLE_IMAGES,
    SAMPLE_LABELS,
    Model,
    UnknownImageError,
    by_own_range,
    how_shown,
    input_picture,
    read_picture,
    sample_image,
)

from ..protocol.pictures import data_url
from .uploads import PREFIX, Uploads

if TYPE_CHECKING:
    from ..exemplar_panel import ExemplarPanel

THUMBNAIL = 64
EXEMPLAR = "exemplar:"
"""An image of the exemplars' data set goes by this and its number."""
CONTENT = "sha256:"
"""An own image goes by this and the digest of its pixels."""
OWN_KEPT = 4
"""Own images, and exemplars, that stay at hand beside those that are pinned: the ones looked at last."""


@dataclass(frozen=True)
class InputImage:
    """An image by name: a picture to be preprocessed, or a tensor that goes in as it is."""

    name: str
    label: str
    source: Image.Image | Tensor
    note: str = ""
    """What a person has to know of how it was read."""

    @property
    def is_tensor(self) -> bool:
        """Whether the network gets this as it is."""
        return isinstance(self.source, Tensor)

    def input(self, model: Model) -> Tensor:
        """Return what the network is given, (C,H,W)."""
        if isinstance(self.source, Tensor):
            return self.source
        return model.preprocess(self.source)

    def seen(self, model: Model) -> Image.Image:
        """Return exactly the pixels that the network sees, as an RGB picture."""
        if isinstance(self.source, Tensor):
            return input_picture(model.preprocess, self.source)
        return model.preprocess.view(self.source)

    def note_for(self, model: Model) -> str:
        """Return what a person has to know about how it is shown, or ""."""
        if isinstance(self.source, Tensor):
            return how_shown(model.preprocess, self.source)
        return self.note

    @cached_property
    def thumbnail(self) -> str:
        """A small square from the middle of the image, as a data URL."""
        picture = self.source
        if isinstance(picture, Tensor):  # which preprocessing it had is not known here
            picture = by_own_range(picture)
        width, height = picture.size
        edge = min(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
        box = (left, top, left + edge, top + edge)
        square = picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, box)
        return data_url(square, "jpeg", quality=80)


class Images:
    """The bundled photographs, the few own images looked at last, those pinned, and those of exemplars.

    Attributes:
        uploads: what was opened in a browser, "upload:" and an id.
        exemplars: know the images of their data set, "exemplar:" and a number.
    """

    def __init__(self) -> None:
        self.uploads = Uploads()
        self.exemplars: ExemplarPanel | None = None
        self._own: dict[str, InputImage] = {}
        self._looked_at: list[str] = []
        self._pinned: frozenset[str] = frozenset()
        self._bundled: dict[str, InputImage] = {}

    def names(self) -> list[str]:
        """Return the names of all images at hand, the bundled ones first."""
        return [*SAMPLE_IMAGES, *self._own]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __getitem__(self, name: str) -> InputImage:
        """Return the image of that name.

        Raises:
            UnknownImageError: there is none, with near matches.
            LookupError: the digest of an own image that was not given, or was dropped.
        """
        if name in self._own:
            return self._own[name]
        if name in SAMPLE_IMAGES:
            if name not in self._bundled:
                self._bundled[name] = InputImage(name, SAMPLE_LABELS[name], sample_image(name))
            return self._bundled[name]
        if name.startswith(CONTENT):
            raise LookupError(
                f"{name[:80]} is a person's own image and not at hand (any more): open it again, "
                "or set `image` from Python"
            )
        raise UnknownImageError(name[:80], self.names())

    def pin(self, names: Iterable[str]) -> None:
        """Keep the own images of these names, and of the others only those looked at last."""
        self._pinned = frozenset(names)
        self._drop()

    def known_as(self, name: str) -> str:
        """Look at an image; return the name it goes by: for an upload the digest of its content, else its own.

        Raises:
            UnreadableImageError: an upload that did not arrive, or is no picture.
            LookupError: the data set of the exemplars has no such image, or there are no exemplars.
        """
        if name in self._own:
            self._look(self._own[name])
        elif name.startswith(EXEMPLAR):
            self._look(self._exemplar(name))
        elif name.startswith(PREFIX):
            label, read = self.uploads.read(name)
            name = digest(read.picture)
            self._look(self._own.get(name) or InputImage(name, label, read.picture, read.note))
        return name

    def clear(self) -> None:
        """Drop every own image."""
        self._own.clear()
        self._looked_at.clear()
        self.uploads.clear()
        self.exemplars = None

    @contextmanager
    def guest(self, image: Any) -> Iterator[str]:
        """Take in an image and yield the name it goes by; it stays if the block succeeds.

        Args:
            image: a bundled name, an exemplar's ("exemplar:12"), a path, a PIL image, an array (H,W), (H,W,3)
                or (H,W,4), bytes of an image file, or a float tensor (C,H,W) that goes to the network as it is.

        Raises:
            UnknownImageError: a string that is neither a bundled name nor a file.
            UnreadableImageError: what is given is no image.
        """
        if isinstance(image, str) and (
            image in SAMPLE_IMAGES or image in self._own or image.startswith(EXEMPLAR)
        ):
            yield image
            return
        before = self._own.copy(), self._looked_at.copy()
        photograph = _photograph(image)
        self._look(photograph)
        try:
            yield photograph.name
        except BaseException:
            self._own, self._looked_at = before
            raise

    def _exemplar(self, name: str) -> InputImage:
        if self.exemplars is None:
            raise LookupError(
                f"{name[:80]} is an image of a data set: open the explorer with exemplars=…"
            )
        label, source = self.exemplars.image(name)
        return InputImage(name, label, source)

    def _look(self, photograph: InputImage) -> None:
        name = photograph.name
        self._own[name] = photograph
        self._looked_at = [*(other for other in self._looked_at if other != name), name]
        self._drop()

    def _drop(self) -> None:
        """Drop what was looked at longest ago; opening exemplars costs nobody an image of their own."""
        loose = [name for name in self._looked_at if name not in self._pinned]
        exemplars = [name for name in loose if name.startswith(EXEMPLAR)]
        own = [name for name in loose if not name.startswith(EXEMPLAR)]
        for name in (*own[:-OWN_KEPT], *exemplars[:-OWN_KEPT]):
            del self._own[name]
            self._looked_at.remove(name)


def _photograph(image: Any) -> InputImage:
    if isinstance(image, Tensor):
        tensor = image.detach().clone()
        return InputImage(digest(tensor.float().cpu()), "your tensor", tensor)
    if isinstance(image, str) and not Path(image).expanduser().exists():
        raise UnknownImageError(image, SAMPLE_IMAGES)
    read = read_picture(image)
    return InputImage(digest(read.picture), _label(image), read.picture, read.note)


def _label(image: Any) -> str:
    path = image if isinstance(image, str | Path) else getattr(image, "filename", "")
    return Path(path).name if path else "your picture"


def digest(image: Image.Image | Tensor) -> str:
    """Return the name that pixels go by, whatever file they came from."""
    values = image.numpy() if isinstance(image, Tensor) else np.asarray(image)
    content = hashlib.sha256(f"{values.dtype}{values.shape}".encode())
    content.update(np.ascontiguousarray(values).data)
    return f"{CONTENT}{content.hexdigest()[:12]}"
