"""Which cells of a notebook show which explorers, as far as their host says which cell is run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from .widget import Explorer

_shown: dict[str, tuple[str, WeakSet[Explorer]]] = {}
"""Cell → its last run that showed explorers, and those that it showed."""


def displayed(explorer: Explorer) -> list[Explorer]:
    """Note that an explorer is shown by the cell that runs; return those whose last cell was run again.

    Counting displays is not enough: a page that was loaded again never took back the displays that it had.
    """
    running = _running_cell()
    if running is None:
        return []
    cell, run = running
    last, before = _shown.get(cell, ("", WeakSet()))
    gone: list[Explorer] = []
    if last != run:
        gone = [one for one in before if one is not explorer]
        before = WeakSet()
    before.add(explorer)
    _shown[cell] = run, before
    return [one for one in gone if not any(one in found for _, found in _shown.values())]


def _running_cell() -> tuple[str, str] | None:
    """Return the cell that runs and the number of the run, where Jupyter's kernel runs it and is told its cell."""
    from IPython.core.getipython import get_ipython

    parent = getattr(get_ipython(), "parent_header", None)
    if not isinstance(parent, dict):
        return None
    header, metadata = parent.get("header") or {}, parent.get("metadata") or {}
    cell, run = metadata.get("cellId"), header.get("msg_id")
    if header.get("msg_type") != "execute_request" or not cell or not run:
        return None
    return str(cell), str(run)
