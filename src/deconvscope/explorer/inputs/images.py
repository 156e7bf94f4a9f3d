"""The images that one explorer can show: the bundled photographs, one's own, and those of exemplars."""

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
"""Before the number of an image in the exemplars' data set."""
CONTENT = "sha256:"
"""Before the digest of the pixels of one's own image."""
OWN_KEPT = 4
"""One's own images, and exemplars, that are kept beside the pinned ones: those shown last."""


@dataclass(frozen=True)
class InputImage:
    """A picture to be preprocessed, or a tensor that goes in as it is, by name; `note` says how it was read."""

    name: str
    label: str
    source: Image.Image | Tensor
    note: str = ""

    @property
    def is_tensor(self) -> bool:
        """Whether this is the network's input as it is."""
        return isinstance(self.source, Tensor)

    def input(self, model: Model) -> Tensor:
        """Return the network's input, (C,H,W)."""
        if isinstance(self.source, Tensor):
            return self.source
        return model.preprocess(self.source)

    def seen(self, model: Model) -> Image.Image:
        """Return exactly the pixels that the network sees, in RGB."""
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
        if isinstance(picture, Tensor):  # its preprocessing is not known here
            picture = by_own_range(picture)
        width, height = picture.size
        edge = min(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
        box = (left, top, left + edge, top + edge)
        square = picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, box)
        return data_url(square, "jpeg", quality=80)


class Images:
    """The images by name.

    Attributes:
        uploads: the files opened in a browser, "upload:" and an id.
        exemplars: has the images of a data set, "exemplar:" and a number.
    """

    def __init__(self) -> None:
        self.uploads = Uploads()
        self.exemplars: ExemplarPanel | None = None
        self._own: dict[str, InputImage] = {}
        self._used: list[str] = []
        """The names of `_own`, that shown last at the end; pickers offer them in the order of `_own`."""
        self._pinned: frozenset[str] = frozenset()
        self._bundled: dict[str, InputImage] = {}

    def names(self) -> list[str]:
        """Return the names of all images that are kept, the bundled ones first."""
        return [*SAMPLE_IMAGES, *self._own]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __getitem__(self, name: str) -> InputImage:
        """Return an image; raises UnknownImageError with near matches, LookupError for one that was dropped."""
        if name in self._own:
            return self._own[name]
        if name in SAMPLE_IMAGES:
            if name not in self._bundled:
                self._bundled[name] = InputImage(name, SAMPLE_LABELS[name], sample_image(name))
            return self._bundled[name]
        if name.startswith(CONTENT):
            raise LookupError(
                f"{name[:80]} is your own image and not at hand (any more): open it again, "
                "or set `image` from Python"
            )
        raise UnknownImageError(name[:80], self.names())

    def pin(self, names: Iterable[str]) -> None:
        """Keep the images of these names, and of the others only those shown last."""
        self._pinned = frozenset(names)
        self._drop()

    def known_as(self, name: str) -> str:
        """Read the image of a name and keep it; return its lasting name, for an upload the digest of its pixels.

        Raises:
            UnreadableImageError: an upload that did not arrive, or is not a picture.
            LookupError: the exemplars' data set has no such image, or there are no exemplars.
        """
        if name in self._own:
            self._keep(self._own[name])
        elif name.startswith(EXEMPLAR):
            if self.exemplars is None:
                raise LookupError(
                    f"{name[:80]} is an image of a data set: open the explorer with exemplars=…"
                )
            self._keep(InputImage(name, *self.exemplars.image(name)))
        elif name.startswith(PREFIX):
            label, read = self.uploads.read(name)
            name = digest(read.picture)
            self._keep(self._own.get(name) or InputImage(name, label, read.picture, read.note))
        return name

    def clear(self) -> None:
        """Drop every image but the bundled ones."""
        self._own.clear()
        self._used.clear()
        self.uploads.clear()
        self.exemplars = None

    @contextmanager
    def guest(self, image: Any) -> Iterator[str]:
        """Add an image and yield its name here; it stays if the block succeeds.

        It is a name, a path, a PIL image, an array (H,W), (H,W,3) or (H,W,4), bytes of an image file, or a float
        tensor (C,H,W) that goes to the network as it is; else UnknownImageError or UnreadableImageError is raised.
        """
        if isinstance(image, str) and (
            image in SAMPLE_IMAGES or image in self._own or image.startswith(EXEMPLAR)
        ):
            yield image
            return
        before = self._own.copy(), self._used.copy()
        photograph = _photograph(image)
        self._keep(photograph)
        try:
            yield photograph.name
        except BaseException:
            self._own, self._used = before
            raise

    def _keep(self, photograph: InputImage) -> None:
        name = photograph.name
        self._own[name] = photograph
        self._used = [*(other for other in self._used if other != name), name]
        self._drop()

    def _drop(self) -> None:
        """Drop what was shown longest ago; exemplars do not displace one's own images."""
        loose = [name for name in self._used if name not in self._pinned]
        exemplars = [name for name in loose if name.startswith(EXEMPLAR)]
        own = [name for name in loose if not name.startswith(EXEMPLAR)]
        for name in (*own[:-OWN_KEPT], *exemplars[:-OWN_KEPT]):
            del self._own[name]
            self._used.remove(name)


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
    """Return the name of an image by its pixels, whatever file they came from."""
    values = image.numpy() if isinstance(image, Tensor) else np.asarray(image)
    content = hashlib.sha256(f"{values.dtype}{values.shape}".encode())
    content.update(np.ascontiguousarray(values).data)
    return f"{CONTENT}{content.hexdigest()[:12]}"
