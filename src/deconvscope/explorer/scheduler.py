"""One thread for what takes long, so that the thread on which messages arrive stays free.

Whoever computes, or writes traits, holds the scheduler's turn: the thread itself, Python's cell, a message. Of
the jobs that one browser asks for the newest wins. While nothing is asked the thread does spare work, piece
by piece, which anybody who wants the turn interrupts between two layers.
"""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakSet

REPLY_TIMEOUT = 0.3
"""Seconds that an asker waits for an answer; a later one is told by the thread."""
IDLE = 10.0
"""Seconds without work after which the thread ends; the next job starts another."""
SHUTDOWN_TIMEOUT = 5.0
"""Seconds that `stop` waits for the thread to come to the end of a layer."""

Check = Callable[[], None]
"""Called between the parts of long work; raises `Interrupted` where it is no longer wanted."""
Publish = Callable[[], None]
"""Tells the result of a job to whoever asked."""


class Interrupted(Exception):
    """The work in hand is no longer wanted."""


@dataclass(eq=False)
class Job:
    """Something asked for by `whose`; `work` returns how to tell its result.

    Attributes:
        unwanted: a newer job of the same asker, or nothing, is wanted in its place.
        left: the asker waits no longer, so that the thread has to tell the result.
    """

    whose: str
    work: Callable[[Check], Publish]
    unwanted: bool = False
    left: bool = False
    done: bool = False
    told: bool = False
    publish: Publish | None = None

    def check(self) -> None:
        """Raise `Interrupted` where the job is not wanted any more."""
        if self.unwanted:
            raise Interrupted

    def tell(self) -> None:
        """Tell the result, if it is still wanted."""
        if self.publish is not None and not self.unwanted:
            self.publish()


class Scheduler:
    """The thread, started when there is something to do, and the turn.

    Args:
        spare: does a piece of spare work and returns whether there is more; called while nothing is asked.
    """

    def __init__(self, spare: Callable[[Check], bool]) -> None:
        self._spare = spare
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: Job | None = None
        self._more = False
        self._attending = 0
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._state = threading.Condition()
        self._turn = threading.RLock()
        _schedulers.add(self)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn: nobody else computes or writes. Spare work gives way, a job is waited for."""
        with self._attended(), self._turn:
            yield

    def ask(
        self, whose: str, work: Callable[[Check], Publish], patience: float | None = None
    ) -> None:
        """Let the thread do a job in place of any other of the same asker, and tell its result.

        Returns when the result was told, or after `patience` seconds, by default `REPLY_TIMEOUT`; then the thread
        tells it when it is ready.
        """
        patience = REPLY_TIMEOUT if patience is None else patience
        job = Job(whose, work)
        with self._attended():
            with self._state:
                if self._stopped:
                    return
                self._take(job)
                self._state.wait_for(lambda: job.done or job.unwanted or self._stopped, patience)
                job.left = not job.done
            if not job.left:
                with self._turn:
                    job.tell()

    def leave(
        self, whose: str, work: Callable[[Check], Publish], patience: float | None = None
    ) -> None:
        """Let the thread do a job and tell its result itself.

        Return when that is done, or after `patience` as in `ask`. Unlike `ask` it may be called while the turn of
        another scheduler is held, whose holder may want this one's turn at the same time.
        """
        patience = REPLY_TIMEOUT if patience is None else patience
        job = Job(whose, work, left=True)
        with self._attended(), self._state:
            if not self._stopped:
                self._take(job)
                self._state.wait_for(lambda: job.told or job.unwanted or self._stopped, patience)

    def give_up(self, whose: str) -> bool:
        """End the asker's job, waiting or begun, at the next layer; return whether there was one."""
        with self._state:
            waiting = self._jobs.pop(whose, None)
            running = self._running if self._running and self._running.whose == whose else None
            for job in (waiting, running):
                if job is not None:
                    job.unwanted = True
            self._state.notify_all()
            return waiting is not None or running is not None

    def wake(self) -> None:
        """Say that there is spare work."""
        with self._state:
            if not self._stopped:
                self._more = True
                self._start()

    def stop(self) -> None:
        """End the thread; nothing is done afterwards."""
        with self._state:
            self._stopped, self._more = True, False
            self._jobs.clear()
            if self._running is not None:
                self._running.unwanted = True
            self._state.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(SHUTDOWN_TIMEOUT)

    @contextmanager
    def _attended(self) -> Iterator[None]:
        with self._state:
            self._attending += 1
        try:
            yield
        finally:
            with self._state:
                self._attending -= 1
                self._state.notify_all()

    def _take(self, job: Job) -> None:
        self.give_up(job.whose)
        self._jobs[job.whose] = job
        self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="deconvscope", daemon=True)
            self._thread.start()
        self._state.notify_all()

    def _serve(self) -> None:
        try:
            while self._serve_one():
                pass
        finally:  # also where what a person does with a result raises: the next job finds a thread
            with self._state:
                self._thread = None
                if not self._stopped and (self._jobs or self._more):
                    self._start()

    def _serve_one(self) -> bool:
        """Do a job or a piece of spare work; return whether to go on."""
        with self._state:
            awake = self._state.wait_for(self._something_to_do, IDLE)
            if self._stopped or not (awake or self._more):
                return False
            job = self._jobs.popitem(last=False)[1] if self._jobs else None
            self._running = job
            spare = job is None and self._may_spare()
            self._more = self._more and not spare
        if job is not None:
            self._do(job)
        elif spare and self._do_spare():
            self.wake()
        return True

    def _do(self, job: Job) -> None:
        with self._turn:
            try:
                job.publish = job.work(job.check)
            except Interrupted:
                job.publish = None
            finally:
                with self._state:
                    self._running, job.done = None, True
                    self._state.notify_all()
            try:
                if job.left:
                    job.tell()
            finally:
                with self._state:
                    job.told = True
                    self._state.notify_all()

    def _do_spare(self) -> bool:
        with self._turn:
            try:
                return self._spare(self._check_spare)
            except Interrupted:
                return True

    def _something_to_do(self) -> bool:
        return self._stopped or bool(self._jobs) or self._may_spare()

    def _may_spare(self) -> bool:
        return self._more and not self._attending

    def _check_spare(self) -> None:
        if self._attending or self._jobs or self._stopped:
            raise Interrupted


_schedulers: WeakSet[Scheduler] = WeakSet()


@atexit.register
def _stop_all() -> None:
    """End the threads before the interpreter ends: one that computes could bring it down."""
    for scheduler in list(_schedulers):
        scheduler.stop()
