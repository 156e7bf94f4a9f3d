"""Progress of long work: the callback that functions take as `progress`, and bars that appear after a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from tqdm.auto import tqdm

Progress = Callable[[int, int], None]
"""Called with how many steps are done, and how many there are, before each step. An exception ends the work."""

DELAY = 1.0
"""Seconds before a bar appears."""

Item = TypeVar("Item")


def no_progress(done: int, total: int) -> None:
    """Ignore progress."""


def each(items: Iterable[Item], doing: str, total: int | None = None) -> Iterable[Item]:
    """Iterate over items under a bar labelled `doing`; pass `total` where `items` has no length."""
    bar: Iterable[Item] = tqdm(items, total=total, desc=doing, delay=DELAY, leave=False)
    return bar


def steps(total: int, doing: str, done: int = 0) -> Any:
    """Return a bar labelled `doing` for work that calls ``bar.update()`` after each of its steps.

    Example:
        >>> with steps(300, "training") as bar:  # doctest: +SKIP
        ...     bar.update()
    """
    return tqdm(total=total, initial=done, desc=doing, delay=DELAY, leave=False)
