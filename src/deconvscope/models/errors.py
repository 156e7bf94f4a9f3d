"""Errors between a name and a network, or a file and a picture."""

from __future__ import annotations

from collections.abc import Iterable

from ..reversal import near_matches


class UnknownModelError(LookupError):
    """No network has this name; the message lists similar names."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        near = near_matches(name, known)
        super().__init__(f"unknown model {name!r}{near} (available_models() lists them all)")


class UnknownImageError(LookupError):
    """No bundled photograph has this name."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        near = near_matches(name, known)
        super().__init__(f"unknown sample image {name!r}{near} (there are {', '.join(known)})")


class ModelDownloadError(OSError):
    """A network's weights could not be downloaded; the message says what to do without them."""


class UnreadableImageError(ValueError):
    """The source is not a picture, or cannot be read; the message says why."""
