"""Explorers that their host dropped without a word: marimo only closes their comm when a cell runs again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

if TYPE_CHECKING:
    from .controller import Controller
    from .traits import ExplorerTraits

_opened: WeakKeyDictionary[ExplorerTraits, ref[Controller]] = WeakKeyDictionary()


def release_disconnected(newcomer: ExplorerTraits, controller: Controller) -> None:
    """Free what explorers hold whose comm was closed, and remember a new one.

    ipywidgets keeps every widget that was not closed itself, so that their recordings would stay.
    """
    for explorer, reference in list(_opened.items()):
        opened = reference()
        if opened is not None and getattr(explorer.comm, "_closed", False):
            opened.rest()
    _opened[newcomer] = ref(controller)  # which knows its explorer
