"""Find and replace tensors inside nested arguments and results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from torch import Tensor

_PLAIN = frozenset((int, float, bool, str, type(None)))
"""Types of most arguments that are not tensors."""


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors inside nested tuples, lists, mappings and data classes, in order."""
    found: list[Tensor] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[Tensor]) -> None:
    if isinstance(value, Tensor):
        found.append(value)
    elif isinstance(value, tuple | list):
        for item in value:
            if type(item) not in _PLAIN:
                _collect(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            if type(item) not in _PLAIN:
                _collect(item, found)
    elif hasattr(value, "__dataclass_fields__"):
        for field in value.__dataclass_fields__:
            _collect(getattr(value, field), found)


def tensors_within(value: Any, depth: int = 4) -> Iterator[Tensor]:
    """Yield the tensors inside a network's output: as `tensors_in`, and in attributes down to some depth."""
    found = tensors_in(value)
    if found or depth == 0:
        yield from found
        return
    inside: list[Any] = []
    if isinstance(value, tuple | list):
        inside = list(value)
    elif isinstance(value, dict):
        inside = list(value.values())
    elif hasattr(value, "__dataclass_fields__"):
        inside = [getattr(value, field) for field in value.__dataclass_fields__]
    elif not isinstance(value, type):
        inside = list(getattr(value, "__dict__", {}).values())
    for item in inside:
        yield from tensors_within(item, depth - 1)


def replaced(value: Any, by: Callable[[Tensor], Tensor]) -> Any:
    """Return nested arguments with each tensor replaced."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Tensor):
        return by(value)
    if isinstance(value, tuple):
        items = [replaced(item, by) for item in value]
        if hasattr(value, "n_fields"):  # torch.return_types
            return type(value)(items)
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [replaced(item, by) for item in value]
    if isinstance(value, dict):
        return {key: replaced(item, by) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        fresh = copy(value)
        for field in value.__dataclass_fields__:  # the class may be frozen
            object.__setattr__(fresh, field, replaced(getattr(value, field), by))
        return fresh
    return value


def by_identity(place: dict[int, Tensor]) -> Callable[[Tensor], Tensor]:
    """Return a function that replaces tensors by identity and returns others unchanged."""
    return lambda tensor: place.get(id(tensor), tensor)
