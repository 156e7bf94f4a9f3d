"""One thread does all of an explorer's work with PyTorch, for one caller at a time.

PyTorch gives every thread that calls it an OpenMP pool of its own, and two pools slow each other down. So Python's
calls, the requests of browsers and spare work are all computed on one thread. It works for the holder of the turn,
who alone may compute and write traits. Of the requests of one client the newest wins; spare work gives way to
everything else between two layers.

The thread never waits for the turn: work is submitted when its turn has come. So whoever holds the turn can wait for
the thread, and what runs on the thread can call the scheduler again.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

Result = TypeVar("Result")

REPLY_TIMEOUT = 0.3
"""Seconds that a client waits for its answer; later ones are published by the thread."""
IDLE = 10.0
"""Seconds without work after which the thread ends; the next work starts another."""
SHUTDOWN_TIMEOUT = 5.0
"""Seconds that `stop` waits for the work in hand to come to the end of a layer."""

Check = Callable[[], None]
"""Called between the parts of long work; raises `Interrupted` when the work is no longer wanted."""
Publish = Callable[[], None]
"""Writes the result of a job to where its client sees it."""


class Interrupted(Exception):
    """The work is no longer wanted."""


@dataclass(eq=False)
class Job:
    """A client's request; `work` returns what publishes its result."""

    client: str
    work: Callable[[Check], Any]
    asker: threading.Thread = field(default_factory=threading.current_thread)
    cancelled: bool = False
    detached: bool = False
    """Whether the asker no longer waits, so that the scheduler's thread publishes."""
    done: bool = False
    result: Publish | None = None

    def check(self) -> None:
        """Raise `Interrupted` if the job was cancelled."""
        if self.cancelled:
            raise Interrupted

    def publish(self) -> None:
        """Publish the result, if there is one and it is still wanted."""
        if self.result is not None and not self.cancelled:
            self.result()


class Scheduler:
    """The thread, started when there is something to do, and the turn.

    Args:
        spare: does a piece of spare work and returns whether there is more.
    """

    def __init__(self, spare: Callable[[Check], bool]) -> None:
        self._spare, self._spare_wanted = spare, False
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: Job | None = None
        self._state = threading.Condition()
        self._holder: object = None
        """Who may compute and write now: another thread, or the scheduler itself for its own; None: nobody."""
        self._uses = 0
        """How often the turn was taken; it is free when each was given back."""
        self._waiting = 0
        """Threads that wait for the turn."""
        self._executor: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None
        self._last: Future[Any] = Future()
        self._idling = self._stopped = False
        _schedulers.add(self)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn: wait for the job in hand, interrupt spare work."""
        me = self if self._on_thread() else threading.current_thread()
        with self._state:
            if self._holder is not me:
                self._waiting += 1
                try:
                    self._state.wait_for(lambda: self._holder in (None, me))
                    self._holder = me
                finally:
                    self._waiting -= 1
                    self._dispatch()
            self._uses += 1
        try:
            yield
        finally:
            self._give_back()

    def run(self, work: Callable[[Check], Result]) -> Result:
        """Return what `work` returns on the scheduler's thread, as one turn.

        Whatever ends the wait of the caller, such as the interrupt of a notebook cell, cancels the work.
        """
        with self.turn():
            if self._stopped or self._on_thread():
                return work(lambda: None)
            call = Job("", work)

            def compute() -> Result:
                try:
                    return work(call.check)
                finally:
                    self._give_back(call.asker)

            future = self._submit(compute)
            try:
                return future.result()
            finally:
                call.cancelled = True

    def ask(
        self, client: str, work: Callable[[Check], Publish], patience: float | None = None
    ) -> None:
        """Do a job in place of any other of its client.

        Its result is published on the calling thread if it is there within `patience` seconds, by default
        `REPLY_TIMEOUT`. Otherwise this returns, and the scheduler's thread publishes it later.
        """
        job = Job(client, work)
        try:
            with self._state:
                if self._stopped:
                    return
                self._take(job)
                self._state.wait_for(
                    lambda: job.done or job.cancelled or self._stopped,
                    REPLY_TIMEOUT if patience is None else patience,
                )
        finally:
            with self._state:
                job.detached = not job.done
            if not job.detached:  # the turn was handed to this thread
                try:
                    job.publish()
                finally:
                    self._give_back()

    def give_up(self, client: str) -> bool:
        """Cancel the client's job, waiting or running; return whether there was one."""
        with self._state:
            jobs = [self._jobs.pop(client, None), self._running]
            found = [job for job in jobs if job is not None and job.client == client]
            for job in found:
                job.cancelled = True
            self._state.notify_all()
            return bool(found)

    def wake(self) -> None:
        """Do spare work as soon as nothing else is wanted."""
        with self._state:
            self._spare_wanted = True
            self._dispatch()

    def stop(self) -> None:
        """Cancel all jobs and end the thread."""
        with self._state:
            self._stopped = True
            self._jobs.clear()
            if self._running is not None:
                self._running.cancelled = True
            self._state.notify_all()
            executor, self._executor = self._executor, None
        if executor is not None:
            ended = not self._on_thread() and bool(wait([self._last], SHUTDOWN_TIMEOUT).done)
            executor.shutdown(wait=ended)

    def _take(self, job: Job) -> None:
        self.give_up(job.client)
        self._jobs[job.client] = job
        self._dispatch()

    def _give_back(self, holder: threading.Thread | None = None) -> None:
        """End one use of the turn; if there are others it belongs to their holder."""
        with self._state:
            self._holder = holder or self._holder
            self._uses -= 1
            if self._uses == 0:
                self._holder = None
            self._dispatch()

    def _dispatch(self) -> None:
        """Give a free turn to what comes next: a thread that waits for it, the oldest job, spare work."""
        if self._holder is None and not self._waiting and not self._stopped:
            if self._jobs:
                self._running = self._jobs.popitem(last=False)[1]
                self._submit(partial(self._do, self._running))
            elif self._spare_wanted:
                self._spare_wanted = False
                self._submit(self._do_spare)
            elif self._executor is not None and not self._idling:
                self._idling = True
                self._last = self._executor.submit(self._idle)
        self._state.notify_all()

    def _submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Let the thread do a piece of work with the turn; it gives the turn back."""
        with self._state:
            self._holder = self
            self._uses += 1
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, "deconvscope", self._note_thread)
            self._last = future = self._executor.submit(work)
            return future

    def _note_thread(self) -> None:
        self._thread = threading.current_thread()

    def _on_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def _do(self, job: Job) -> None:
        with _reported():
            job.result = job.work(job.check)
        with self._state:
            self._running, job.done = None, True
            if not job.detached:
                self._holder = job.asker
                self._state.notify_all()
                return
        with _reported():
            job.publish()
        self._give_back()

    def _do_spare(self) -> None:
        more = False
        with _reported():
            more = self._spare(self._check_spare)
        with self._state:
            self._spare_wanted |= more
            self._give_back()

    def _check_spare(self) -> None:
        if self._waiting or self._jobs or self._stopped:
            self._spare_wanted = True
            raise Interrupted

    def _idle(self) -> None:
        """Wait for work, and end the thread if none comes."""
        with self._state:
            self._state.wait_for(lambda: self._stopped or self._holder is not None, IDLE)
            self._idling = False
            if self._holder is None and self._executor is not None:
                self._executor.shutdown(wait=False)
                self._executor = None


@contextmanager
def _reported() -> Iterator[None]:
    """Report an exception as one that ends a thread, and go on."""
    try:
        yield
    except Interrupted:
        pass
    except BaseException as error:
        thread = threading.current_thread()
        threading.excepthook(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))
        )


_schedulers: WeakSet[Scheduler] = WeakSet()


def _stop_all() -> None:
    for scheduler in list(_schedulers):
        scheduler.stop()


# The interpreter joins the threads of executors, which first do what was submitted, before it calls `atexit`.
# What is registered here is called before that; without it the interpreter waits for the work in hand.
getattr(threading, "_register_atexit", atexit.register)(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_schedulers.clear)  # the threads stay with the parent
