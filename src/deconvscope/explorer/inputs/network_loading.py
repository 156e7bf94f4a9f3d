"""Networks that are being loaded, each on a thread of its own, so that whoever waits for one can give up."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar
from weakref import WeakSet

from ..scheduler import SHUTDOWN_TIMEOUT, Check

Loaded = TypeVar("Loaded")

BETWEEN_CHECKS = 0.05
"""Seconds after which who waits looks whether it is still wanted."""


class NetworkLoading(Generic[Loaded]):
    """What was begun to be loaded; what nobody waits for any more goes on, and is there when asked for again.

    Args:
        load: loads what goes by a name.
    """

    def __init__(self, load: Callable[[str], Loaded]) -> None:
        self._load = load
        self._begun: dict[str, Future[Loaded]] = {}

    def wait(self, name: str, check: Check) -> Loaded:
        """Return what goes by that name; `check` raises to wait no longer.

        Raises:
            Exception: whatever loading raised.
        """
        future = self._begun.get(name)
        if future is None or (future.done() and future.exception()):
            future = self._begin(name)
        while not future.done():
            check()
            wait([future], BETWEEN_CHECKS)
        self._begun.pop(name)
        return future.result()

    def clear(self) -> None:
        """Forget what was begun."""
        self._begun.clear()

    def _begin(self, name: str) -> Future[Loaded]:
        self._begun = {n: future for n, future in self._begun.items() if not future.done()}
        future = self._begun[name] = Future()
        thread = threading.Thread(
            target=_run, args=(self._load, name, future), name="deconvscope loads", daemon=True
        )
        _running.add(thread)
        thread.start()
        return future


def _run(load: Callable[[str], Loaded], name: str, future: Future[Loaded]) -> None:
    try:
        future.set_result(load(name))
    except BaseException as error:  # whoever waits for it raises it
        future.set_exception(error)


_running: WeakSet[threading.Thread] = WeakSet()


@atexit.register
def _await_all() -> None:
    """A thread that computes while the interpreter ends could bring it down."""
    for thread in list(_running):
        thread.join(SHUTDOWN_TIMEOUT)
