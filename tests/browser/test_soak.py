"""Hundreds of clicks and many networks leave no error, no stale picture, and nothing behind."""

from __future__ import annotations

import pytest

import deconvscope as ds

from .hosts import IN_LAB
from .notebook import Notebook
from .oracle import Oracle
from .page_memory import detached_elements, own_listeners
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

HELD = """
import gc, torch, tracemalloc
tracemalloc.is_tracing() or tracemalloc.start()
gc.collect()
tensors = (one for one in gc.get_objects() if type(one) in (torch.Tensor, torch.nn.Parameter))
str(tracemalloc.get_traced_memory()[0] + sum(one.nbytes for one in tensors))
"""
"""The bytes that Python and PyTorch hold: exact, where a process's size depends on what it shares out."""

PYTHON = 100_000
"""Bytes that the kernel itself keeps of the cells that are run for counting."""

PICTURES = 3 * 40 * 40 * 3 * 4
"""Bytes of a neuron's three pictures at conv3_3, the least that could be left of a click."""

PLACES = 20
"""The clicks go round among so many."""


def _held(notebook: Notebook, explorer: ShownExplorer) -> int:
    """Return the bytes that the kernel holds once nothing goes on in the background."""
    explorer.wait_for_meters()
    held = int(notebook.answer(2, HELD.strip()).splitlines()[-1].strip("'\""))
    return held


def _listeners_before(notebook: Notebook) -> int:
    """Return how many listeners hang on the page; what other tests left on it is left out from now on."""
    detached_elements(notebook.page, leave_out=True)
    return own_listeners(notebook.page)


def _expect_nothing_left(notebook: Notebook, explorer: ShownExplorer, listeners: int) -> None:
    """Wait until the page holds what it held: the browser lets go of removed elements a frame or two later."""
    page = notebook.page
    explorer.wait(lambda: not detached_elements(page), "every removed element to be forgotten")
    explorer.wait(lambda: own_listeners(page) <= listeners, f"{listeners} listeners on the page")


def _click_for(explorer: ShownExplorer, clicks: int, every: float) -> None:
    explorer.come_to_rest()
    points = _points(explorer)
    started = explorer.now()
    for number in range(clicks):
        explorer.page.mouse.click(*points[number % PLACES])
        ahead = started + every * (number + 1) - explorer.now()
        if ahead > 1:
            explorer.page.wait_for_timeout(ahead)
    explorer.settle()


def _points(explorer: ShownExplorer) -> list[tuple[float, float]]:
    return [explorer.tile_point(n // 5 % 4, n % 5, 0.1 + 0.02 * n, 0.5) for n in range(PLACES)]


def _visit_all(explorer: ShownExplorer) -> None:
    """See every place once, so that what is remembered of it is there."""
    explorer.come_to_rest()
    for point in _points(explorer):
        before = explorer.shown
        explorer.page.mouse.click(*point)
        explorer.answered(before)


def _soak(notebook: Notebook, explorer: ShownExplorer, oracle: Oracle, clicks: int) -> None:
    _visit_all(explorer)
    held = _held(notebook, explorer)
    listeners = _listeners_before(notebook)
    _click_for(explorer, clicks, 40)
    neuron = oracle.neuron(explorer.neuron)
    order = oracle.strongest_channels("features.14")
    last = (clicks - 1) % PLACES
    assert neuron.channel == order[last // 5 % 4 * explorer.atlas_columns + last % 5]
    oracle.assert_drawn(neuron, "TTT", *explorer.pixels("TTT"))
    _expect_nothing_left(notebook, explorer, listeners)
    held = _held(notebook, explorer) - held
    print(f"\n{clicks} clicks: {held} bytes more")
    assert held < PYTHON + PLACES * PICTURES  # as many places beside those visited


def test_clicks_leave_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _soak(notebook, explorer, oracle, 60)


@pytest.mark.slow
def test_five_hundred_clicks_in_twenty_seconds_leave_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _soak(notebook, explorer, oracle, 500)


def _switch(explorer: ShownExplorer, times: int) -> None:
    for number in range(times):
        name = ("mobilenet_v2", "vgg16_trunk")[number % 2]
        explorer.choose_network(name)
        if number % 3 != 2:  # every third is overtaken while it records
            explorer.settle()
    explorer.settle()


def _switches(notebook: Notebook, explorer: ShownExplorer, oracle: Oracle, times: int) -> None:
    _switch(explorer, 4)
    held = _held(notebook, explorer)
    listeners = _listeners_before(notebook)
    _switch(explorer, times)
    explorer.wait(lambda: explorer.neuron.startswith("features.29/"), "the last network")
    neuron = oracle.neuron(explorer.neuron)
    assert neuron == oracle.recording.resolve(ds.Strongest("features.29"))
    oracle.assert_drawn(neuron, "TTT", *explorer.pixels("TTT"))
    _expect_nothing_left(notebook, explorer, listeners)
    held = _held(notebook, explorer) - held
    print(f"\n{times} switches: {held} bytes more")
    assert held < PYTHON + times * PICTURES


@IN_LAB
def test_switching_networks_leaves_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _switches(notebook, explorer, oracle, 4)


@IN_LAB
@pytest.mark.slow
def test_fifty_switches_of_networks_leave_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _switches(notebook, explorer, oracle, 50)
