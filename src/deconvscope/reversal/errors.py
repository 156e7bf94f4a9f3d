"""Errors of recording and reversing, each with the remedy in its message."""

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


class UnknownLayerError(KeyError):
    """No layer of that name was recorded. A `KeyError`, so that `get` of what maps layers returns its default."""

    __str__ = LookupError.__str__  # KeyError's own shows the message in quotes


def near_matches(name: object, known: Iterable[str]) -> str:
    """Return up to three similar names as the end of a sentence, ``"; did you mean 'a', 'b'?"``, or "".

    The package's only search for similar names. Case does not count.
    """
    spelling = {one.lower(): one for one in known}
    close = difflib.get_close_matches(str(name).lower(), spelling, n=3, cutoff=0.4)
    return f"; did you mean {', '.join(repr(spelling[one]) for one in close)}?" if close else ""
