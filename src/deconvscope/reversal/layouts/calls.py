"""A call as the rules see it, and the table from its name to the rule that follows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

from .axes import Axes, unknown

Result = Axes | list[Axes | None] | None
"""The axes of a call's output, or of each of its tensors in order. None: unknown."""
Rule = Callable[..., Result]

RULES: dict[str, Rule] = {}

R = TypeVar("R", bound=Rule)


@dataclass(slots=True)
class Call:
    """One call on recorded tensors.

    Attributes:
        name: of the function, ``"relu"`` for every spelling.
        axes_of: the axes of a recorded tensor, None for a constant.
        output: what it returned.
        name_of: the name of the parameter that a constant is a view of, None where it is none.
    """

    name: str
    axes_of: Callable[[Tensor], Axes | None]
    output: Any
    name_of: Callable[[Tensor], str | None]

    def of(self, value: object) -> Axes | None:
        """Return the axes of an argument, None where it does not depend on the image."""
        return self.axes_of(value) if isinstance(value, Tensor) else None

    def known(self, value: Tensor) -> Axes:
        """Return the axes of an argument, unknown for a constant."""
        axes = self.axes_of(value)
        return unknown(value.shape) if axes is None else axes

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the output, or of the first tensor in it."""
        output = self.output
        while not isinstance(output, Tensor):
            output = output[0]
        return tuple(output.shape)


def rule(*names: str) -> Callable[[R], R]:
    """Register the rule for calls of these names. It takes a `Call` and the call's own arguments."""

    def register(follow: R) -> R:
        for name in names:
            RULES[name] = follow
        return follow

    return register
