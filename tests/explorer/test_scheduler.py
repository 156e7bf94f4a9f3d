"""The thread behind an explorer: whoever asks publishes quick jobs, the thread long ones; the newest wins."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from deconvscope.explorer import scheduler as scheduler_module
from deconvscope.explorer.scheduler import Check, Interrupted, Publish, Scheduler

SOON = 60.0
"""Seconds within which anything has happened, however busy the machine is."""


class Diary:
    """Who said what, and on which thread."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.news = threading.Condition()

    def publish(self, what: str) -> None:
        with self.news:
            self.said.append((what, threading.current_thread().name))
            self.news.notify_all()

    def job(self, what: str, until: threading.Event | None = None) -> Callable[[Check], Publish]:
        """Return work that lasts until an event, or until it is interrupted."""

        def work(check: Check) -> Publish:
            while until is not None and not until.is_set():
                check()
                time.sleep(0.002)
            return lambda: self.publish(what)

        return work

    def wait_for(self, number: int) -> list[str]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.said) >= number, SOON)
        return [what for what, _ in self.said]


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def later() -> Iterator[threading.Event]:
    """When a long job ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(lambda check: False)
    yield made
    made.stop()


def test_a_quick_job_is_published_on_the_asker_s_thread_before_ask_returns(
    scheduler: Scheduler, diary: Diary
) -> None:
    scheduler.ask("a", diary.job("quick"))
    assert diary.said == [("quick", threading.current_thread().name)]


def test_a_long_job_leaves_the_asker_s_thread_free(
    scheduler: Scheduler, diary: Diary, later: threading.Event
) -> None:
    scheduler.ask("a", diary.job("long", later), patience=0.05)
    assert diary.said == []
    later.set()
    assert diary.wait_for(1) == ["long"]
    assert diary.said[0][1] == "deconvscope_0"


def test_of_one_asker_s_jobs_the_newest_wins(
    scheduler: Scheduler, diary: Diary, later: threading.Event
) -> None:
    for number in range(5):
        scheduler.ask("a", diary.job(str(number), later if number < 4 else None), patience=0.01)
    assert diary.wait_for(1) == ["4"]
    time.sleep(0.05)
    assert [what for what, _ in diary.said] == ["4"]


def test_a_job_that_checks_too_late_is_not_published_once_a_newer_came(
    scheduler: Scheduler, diary: Diary
) -> None:
    released = threading.Event()

    def deaf(check: Check) -> Publish:
        released.wait(SOON)
        return lambda: diary.publish("stale")

    scheduler.ask("a", deaf, patience=0.01)
    scheduler.ask("a", diary.job("newest"), patience=0.01)
    released.set()
    assert diary.wait_for(1) == ["newest"]


def test_askers_do_not_interrupt_each_other(
    scheduler: Scheduler, diary: Diary, later: threading.Event
) -> None:
    scheduler.ask("a", diary.job("of a", later), patience=0.01)
    scheduler.ask("b", diary.job("of b"), patience=0.01)
    later.set()
    assert diary.wait_for(2) == ["of a", "of b"]


def test_a_job_that_is_given_up_is_not_published(
    scheduler: Scheduler, diary: Diary, later: threading.Event
) -> None:
    scheduler.ask("a", diary.job("given up", later), patience=0.01)
    assert scheduler.give_up("a")
    assert not scheduler.give_up("b")
    scheduler.ask("b", diary.job("after"))
    assert [what for what, _ in diary.said] == ["after"]


def test_the_turn_is_one_s_own(scheduler: Scheduler, diary: Diary) -> None:
    with scheduler.turn():
        scheduler.ask("a", diary.job("meanwhile"), patience=0.05)
        time.sleep(0.05)
        assert diary.said == []
        diary.publish("first")
    assert diary.wait_for(2) == ["first", "meanwhile"]


def test_spare_work_gives_way_and_goes_on(diary: Diary) -> None:
    begun, asked, finished = threading.Event(), threading.Event(), threading.Event()
    interrupted = 0

    def spare(check: Check) -> bool:
        nonlocal interrupted
        begun.set()
        try:
            while not asked.is_set():
                check()
                time.sleep(0.002)
        except BaseException:
            interrupted += 1
            raise
        finished.set()
        return False

    scheduler = Scheduler(spare)
    scheduler.wake()
    assert begun.wait(SOON)
    scheduler.ask("a", diary.job("asked"), patience=SOON)
    assert [what for what, _ in diary.said] == ["asked"], "the piece of spare work was waited for"
    with scheduler.turn():
        assert not finished.is_set()
    asked.set()
    assert finished.wait(SOON)
    assert interrupted >= 1
    scheduler.stop()


def test_a_thread_that_idles_ends_and_the_next_job_finds_another(
    monkeypatch: pytest.MonkeyPatch, scheduler: Scheduler, diary: Diary
) -> None:
    monkeypatch.setattr("deconvscope.explorer.scheduler.IDLE", 0.01)
    threads: list[threading.Thread] = []

    def work(check: Check) -> Publish:
        threads.append(threading.current_thread())
        return lambda: diary.publish("one")

    scheduler.ask("a", work)
    (thread,) = threads
    thread.join(SOON)
    assert not thread.is_alive()
    scheduler.ask("a", diary.job("two"))
    assert [what for what, _ in diary.said] == ["one", "two"]


def test_an_exception_while_publishing_is_reported_and_the_thread_lives(
    scheduler: Scheduler, diary: Diary, later: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise KeyError("of the person's own observer")

    def work(check: Check) -> Publish:
        later.wait(SOON)
        return fails

    monkeypatch.setattr(threading, "excepthook", lambda args: diary.publish(str(args.exc_value)))
    scheduler.ask("a", work, patience=0.01)
    later.set()
    scheduler.ask("b", diary.job("after"), patience=SOON)
    assert sorted(diary.wait_for(2)) == ['"of the person\'s own observer"', "after"]


def test_a_stopped_scheduler_does_nothing_and_leaves_no_thread(
    scheduler: Scheduler, diary: Diary, later: threading.Event
) -> None:
    before = set(threading.enumerate())
    scheduler.ask("a", diary.job("long", later), patience=0.01)
    assert set(threading.enumerate()) - before
    scheduler.stop()
    assert not set(threading.enumerate()) - before
    scheduler.ask("a", diary.job("too late"))
    scheduler.wake()
    assert diary.said == []


# ---------------------------------------------------------------- computing for a caller who waits


def test_all_work_is_done_on_one_thread_and_results_return_to_the_caller(diary: Diary) -> None:
    threads: set[threading.Thread] = set()
    finished = threading.Event()

    def note(check: Check) -> Publish:
        threads.add(threading.current_thread())
        return lambda: diary.publish("published")

    def spare(check: Check) -> bool:
        note(check)
        finished.set()
        return False

    scheduler = Scheduler(spare)
    assert scheduler.run(lambda check: (note(check), 42))[1] == 42
    scheduler.ask("a", note, patience=SOON)
    scheduler.wake()
    assert finished.wait(SOON)
    scheduler.stop()
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_an_exception_returns_to_the_caller_and_the_next_call_is_done(scheduler: Scheduler) -> None:
    def fails(check: Check) -> None:
        raise KeyError("of the work")

    with pytest.raises(KeyError, match="of the work"):
        scheduler.run(fails)
    assert scheduler.run(lambda check: "next") == "next"


def test_work_may_call_the_scheduler_again(scheduler: Scheduler) -> None:
    def outer(check: Check) -> str:
        with scheduler.turn():
            return scheduler.run(lambda check: threading.current_thread().name)

    with scheduler.turn():
        assert scheduler.run(outer) == scheduler.run(lambda c: threading.current_thread().name)


def test_what_is_published_may_call_the_scheduler_on_either_thread(
    scheduler: Scheduler, diary: Diary, later: threading.Event
) -> None:
    def work(check: Check) -> Publish:
        later.wait(SOON)
        return lambda: diary.publish(scheduler.run(lambda check: "inside"))

    scheduler.ask("a", work, patience=0.01)
    later.set()
    assert diary.wait_for(1) == ["inside"]
    scheduler.ask("a", work, patience=SOON)
    assert diary.wait_for(2) == ["inside", "inside"]
    assert diary.said[1][1] == threading.current_thread().name


def test_the_turn_passes_from_the_work_to_what_publishes_it(
    scheduler: Scheduler, diary: Diary, later: threading.Event
) -> None:
    """Nobody sees the explorer between an answer and its publication."""
    begun = threading.Event()

    def work(check: Check) -> Publish:
        begun.set()
        later.wait(SOON)
        return lambda: diary.publish("answer")

    def other() -> None:
        begun.wait(SOON)
        with scheduler.turn():
            diary.publish("other")

    thread = threading.Thread(target=other)
    thread.start()
    begun_and_waiting = threading.Timer(0.05, later.set)
    begun_and_waiting.start()
    scheduler.ask("a", work, patience=SOON)
    thread.join(SOON)
    assert [what for what, _ in diary.said] == ["answer", "other"]


def test_an_interrupted_caller_cancels_the_work_and_all_stays_usable(
    scheduler: Scheduler, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a notebook's kernel is interrupted while a cell waits for the thread."""
    begun, cancelled = threading.Event(), threading.Event()

    def work(check: Check) -> None:
        begun.set()
        try:
            while True:
                check()
                time.sleep(0.002)
        except Interrupted:
            cancelled.set()
            raise

    def interrupted(future: Future[Any]) -> None:
        assert begun.wait(SOON)
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt), scheduler.turn():
        scheduler.run(work)
    monkeypatch.undo()
    assert cancelled.wait(SOON)
    assert scheduler.run(lambda check: "next") == "next"
    scheduler.ask("a", diary.job("after"), patience=SOON)
    assert [what for what, _ in diary.said] == ["after"]


def test_the_turn_is_not_free_while_interrupted_work_goes_on(
    scheduler: Scheduler, later: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def deaf(check: Check) -> None:
        later.wait(SOON)
        order.append("the work ends")

    def interrupted(future: Future[Any]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scheduler.run(deaf)
    monkeypatch.undo()
    threading.Timer(0.05, later.set).start()
    with scheduler.turn():
        order.append("the turn is taken")
    assert order == ["the work ends", "the turn is taken"]


def test_an_interrupted_asker_s_answer_is_published_all_the_same(
    scheduler: Scheduler, diary: Diary, later: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(scheduler._state, "wait_for", interrupted)
        scheduler.ask("a", diary.job("answer", later))
    later.set()
    assert diary.wait_for(1) == ["answer"]


# ---------------------------------------------------------------- the end of the interpreter

ENDS = """
import concurrent.futures.thread, os, sys, threading, time

folder, work, how = sys.argv[1:]
if how == "public":
    vars(threading).pop("_register_atexit", None)
sys.path.insert(0, folder)  # the scheduler alone, without PyTorch
from scheduler import Scheduler

begun = threading.Event()

def lasts(check):
    begun.set()
    rounds = 50
    while rounds or how != "public":
        check()
        rounds -= 1
        time.sleep(0.002)
    return lambda: None

scheduler = Scheduler(lasts)
if work == "spare":
    scheduler.wake()
else:
    scheduler.ask("a", lasts, patience=0)
assert begun.wait(60)
if how == "fork" and hasattr(os, "fork"):
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
print("ends", flush=True)
"""


@pytest.mark.parametrize("how", ["", "fork", "public"])
@pytest.mark.parametrize("work", ["spare", "job"])
def test_the_interpreter_ends_in_the_middle_of_work(work: str, how: str) -> None:
    """Also in a process that was forked, and with Python's public functions alone."""
    folder = Path(scheduler_module.__file__).parent
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ENDS, folder, work, how],
        capture_output=True,
        text=True,
        timeout=SOON,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["ends"] * (2 if how == "fork" and hasattr(os, "fork") else 1)
