"""How far an export is: a bar in a terminal, and in a notebook one that leaves nothing behind when it is saved."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from tqdm.auto import tqdm

Item = TypeVar("Item")

REFRESH = 0.2
"""Seconds between two states of a notebook's bar."""


def shown(items: Iterable[Item], total: int, done: int) -> Iterator[Item]:
    """Yield items and show how many of them have been dealt with.

    Args:
        items: those that are left.
        total: how many there are, those dealt with before included.
        done: how many of them were dealt with before.
    """
    if _in_jupyter():
        yield from _shown_in_jupyter(items, total, done)
    else:
        yield from tqdm(items, "exporting", total, initial=done, leave=False)


def _in_jupyter() -> bool:
    kernel = sys.modules.get("ipykernel.zmqshell")
    shell = sys.modules.get("IPython")
    return kernel is not None and isinstance(
        shell.get_ipython() if shell else None, kernel.ZMQInteractiveShell
    )


def _shown_in_jupyter(items: Iterable[Item], total: int, done: int) -> Iterator[Item]:
    """A display that is updated: tqdm's is a widget, which a reopened notebook misses aloud."""
    from IPython.display import display

    raw: Any = partial(display, raw=True)
    handle = raw(_bar(done, total), display_id=True)
    reported = time.monotonic()
    try:
        for item in items:
            yield item
            done += 1
            if time.monotonic() - reported > REFRESH:
                reported = time.monotonic()
                handle.update(_bar(done, total), raw=True)
    finally:
        handle.update({"text/html": "", "text/plain": ""}, raw=True)


def _bar(done: int, total: int) -> dict[str, str]:
    line = f"exporting: {done} of {total} neurons"
    bar = f'<progress value="{done}" max="{total}"></progress> {line}'
    return {"text/html": bar, "text/plain": line}
