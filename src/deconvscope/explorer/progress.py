"""What a person is told during work that may be felt, and how far a recording has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from .scheduler import Check

BETWEEN_TELLINGS = 0.1
"""Seconds between two messages on how far a piece of work has come."""


@dataclass(frozen=True)
class Progress:
    """A line about work in hand; `fraction` of it done, 0 … 1, None where that cannot be told."""

    text: str
    fraction: float | None = None


Tell = Callable[[Progress | None], None]
"""Told of progress, and None at the end of the work."""


class ProgressMessage:
    """Tells of progress not more often than a person can read.

    Args:
        tell: is told.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._text, self._when = "", 0.0

    def __call__(self, progress: Progress | None) -> None:
        """Tell, unless the same text was told just before."""
        text, now = "" if progress is None else progress.text, time.monotonic()
        if progress is None or text != self._text or now - self._when >= BETWEEN_TELLINGS:
            self._text, self._when = text, now
            self._tell(progress)


class ForwardWatch(TorchFunctionMode):
    """Watches a network run forwards: tells how many of its parameters were met, and may end it.

    Args:
        network: the network.
        check: called at every call, raises to end the pass.
        tell: told the fraction of the parameters met, where the network has any.
    """

    def __init__(
        self, network: nn.Module, check: Check, tell: Callable[[float | None], None]
    ) -> None:
        super().__init__()
        self._check, self._tell = check, tell
        self._awaited = {id(parameter) for parameter in network.parameters()}
        self._number = len(self._awaited)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one call, after a look at whether it is still wanted."""
        self._check()
        met = {id(argument) for argument in (*args, *(kwargs or {}).values())} & self._awaited
        if met:
            self._awaited -= met
            self._tell(1 - len(self._awaited) / self._number)
        return func(*args, **(kwargs or {}))
