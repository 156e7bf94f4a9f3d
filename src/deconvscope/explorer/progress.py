"""Progress of work that takes long enough to be noticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from .scheduler import Check

REPORT_INTERVAL = 0.1
"""Seconds between two reports with the same text."""


@dataclass(frozen=True)
class Progress:
    """A line about the work in hand; `fraction` of it is done, 0 … 1, None if unknown."""

    text: str
    fraction: float | None = None


DESCRIBES = frozenset(("__get__", "untyped_storage", "size", "dim", "numel", "stride"))
"""Calls that read a parameter's form or address, not its values."""

Report = Callable[[Progress | None], None]
"""Receives progress, and None at the end of the work."""


class ThrottledReport:
    """Reports progress no more often than a person can read it."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._text, self._time = "", 0.0

    def __call__(self, progress: Progress | None) -> None:
        """Report, unless the same text was reported just before."""
        text, now = "" if progress is None else progress.text, time.monotonic()
        if progress is None or text != self._text or now - self._time >= REPORT_INTERVAL:
            self._text, self._time = text, now
            self._report(progress)


class ForwardWatch(TorchFunctionMode):
    """Watches a network run forwards: reports which fraction of its parameters was used; `check` may end the pass."""

    def __init__(
        self, network: nn.Module, check: Check, report: Callable[[float | None], None]
    ) -> None:
        super().__init__()
        self._check, self._report = check, report
        self._unused = {id(parameter) for parameter in network.parameters()}
        self._count = len(self._unused)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one call, if the pass is still wanted."""
        self._check()
        if getattr(func, "__name__", "") in DESCRIBES:
            return func(*args, **(kwargs or {}))
        used = {id(argument) for argument in (*args, *(kwargs or {}).values())} & self._unused
        if used:
            self._unused -= used
            self._report(1 - len(self._unused) / self._count)
        return func(*args, **(kwargs or {}))
