"""Values that are kept as long as they are used and fit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(OrderedDict[Key, Value]):
    """A dictionary that drops the values used longest ago; the newest always stays.

    Only `use` and `keep` count as uses.

    Args:
        limit: the largest sum of the values' sizes.
        size: the size of a value; by default each counts as 1.
    """

    def __init__(self, limit: int, size: Callable[[Value], int] = lambda value: 1) -> None:
        super().__init__()
        self._limit, self._size = limit, size

    def use(self, key: Key) -> Value | None:
        """Return the value of a key, None if it is not kept."""
        if key in self:
            self.move_to_end(key)
        return self.get(key)

    def keep(self, key: Key, value: Value) -> Value:
        """Keep a value, in place of older ones where it does not fit beside them, and return it."""
        self[key] = value
        self.move_to_end(key)
        total = sum(map(self._size, self.values()))
        while total > self._limit and len(self) > 1:
            total -= self._size(self.popitem(last=False)[1])
        return value
