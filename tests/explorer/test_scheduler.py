"""The thread behind an explorer: quick jobs are told by who asked, long ones later, the newest alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from deconvscope.explorer.scheduler import Check, Publish, Scheduler

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


def test_a_quick_job_is_told_on_the_asker_s_thread_before_ask_returns(
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


def test_a_job_that_looks_up_too_late_is_not_told_once_a_newer_came(
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


def test_a_job_that_is_given_up_is_not_told(
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


def test_an_exception_while_telling_is_shown_and_the_worker_lives(
    scheduler: Scheduler, diary: Diary, later: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise KeyError("of the person's own observer")

    def work(check: Check) -> Publish:
        later.wait(SOON)
        return fails

    monkeypatch.setattr(threading, "excepthook", lambda told: diary.publish(str(told.exc_value)))
    scheduler.ask("a", work, patience=0.01)
    later.set()
    scheduler.ask("b", diary.job("after"), patience=SOON)
    assert sorted(diary.wait_for(2)) == ['"of the person\'s own observer"', "after"]


def test_a_stopped_worker_does_nothing_and_leaves_no_thread(
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
