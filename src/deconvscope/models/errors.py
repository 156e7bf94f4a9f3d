"""What can go wrong between a name and a network, or a file and a picture."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UnknownModelError(LookupError):
    """No network goes by this name; the message lists those that come near."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        super().__init__(_unknown("model", name, known, "available_models() lists them all"))


class UnknownImageError(LookupError):
    """No bundled photograph goes by this name."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        super().__init__(_unknown("sample image", name, known, f"there are {', '.join(known)}"))


class ModelDownloadError(OSError):
    """A network's weights could not be fetched; the message says what to do without them."""


class UnreadableImageError(ValueError):
    """This is no picture, or one that can't be read; the message says why."""


def _unknown(kind: str, name: object, known: Iterable[str], remedy: str) -> str:
    near = get_close_matches(str(name).lower(), list(known), n=3, cutoff=0.5)
    meant = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"unknown {kind} {name!r}{meant} ({remedy})"
