"""A call as the network made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..steps.call import Function


@dataclass(slots=True)
class NetworkCall:
    """A call as the network made it.

    Attributes:
        given: the tensors among its arguments.
        live: the tensors in `given` that stand for recorded values, by identity.
        recording: whether it is recorded if it depends on the image; false under ``no_grad``.
    """

    func: Function
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    given: list[Tensor]
    live: dict[int, Tensor]
    recording: bool

    @property
    def first(self) -> Any:
        """The first argument, which an in-place call writes."""
        return self.args[0] if self.args else self.kwargs.get("input")

    def run(self) -> Any:
        """Run the call unchanged."""
        return self.func(*self.args, **self.kwargs)
