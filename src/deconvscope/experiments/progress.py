"""Progress bars that appear where waiting begins, beyond a second, and go when it ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from tqdm.auto import tqdm

SECONDS = 1.0
"""How long work is waited for before a bar appears."""

Item = TypeVar("Item")


def each(items: Iterable[Item], doing: str, total: int | None = None) -> Iterable[Item]:
    """Go through items, with a bar that says what is done with them.

    Args:
        items: what is worked on.
        doing: one word, e.g. "recording".
        total: how many there are, where `items` cannot tell.
    """
    bar: Iterable[Item] = tqdm(items, total=total, desc=doing, delay=SECONDS, leave=False)
    return bar


def steps(total: int, doing: str, done: int = 0) -> Any:
    """A bar for work that counts its own steps, each by ``bar.update()``.

    Args:
        total: how many steps there are.
        doing: one word, e.g. "training".
        done: how many were done before.

    Example:
        >>> with steps(300, "training") as bar:  # doctest: +SKIP
        ...     bar.update()
    """
    return tqdm(total=total, initial=done, desc=doing, delay=SECONDS, leave=False)
