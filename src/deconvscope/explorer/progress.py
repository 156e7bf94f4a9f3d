"""What a person is told during work that may be felt, and how far a recording has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from .worker import Check


@dataclass(frozen=True)
class Progress:
    """A line about work in hand; `fraction` of it done, 0 … 1, None where that cannot be told."""

    text: str
    fraction: float | None = None


Tell = Callable[[Progress | None], None]
"""Told of progress, and None at the end of the work."""


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
