"""What can go wrong when a network is recorded or reversed, each with the remedy in its message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RecordingError(RuntimeError):
    """The network cannot be recorded faithfully (scripted or compiled code, an untraceable write)."""


class StaleRecordingError(RuntimeError):
    """The recording was forgotten, or the weights were changed after it was made."""


class InputError(ValueError):
    """The image does not suit the network: its type, values, channels or size."""


class RuleError(ValueError):
    """A reversed rule was asked for that this call does not have."""


class UnknownLayerError(LookupError):
    """No layer of that name was recorded."""


def near_matches(name: str, known: Iterable[str]) -> str:
    """Name up to three similar known names, as the tail of a sentence.

    Args:
        name: what was asked for.
        known: what there is.

    Returns:
        ``"; did you mean 'a', 'b'?"`` or an empty string.
    """
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"; did you mean {', '.join(map(repr, close))}?" if close else ""
