"""Hundreds of clicks and many networks leave no error, no stale picture, and nothing behind."""

from __future__ import annotations

import pytest

import deconvscope as ds

from .notebook import Notebook
from .oracle import Oracle
from .page_memory import listeners_and_nodes
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

FEW = 200
"""Listeners that come and go in the programs around; an explorer has as many itself."""

SOME, HARDLY = 1.05, 1.02
"""How much larger the kernel may be after few clicks, while memory is still being shared out, and after many."""

MEMORY = """
import gc, os, psutil
gc.collect()
str(psutil.Process(os.getpid()).memory_info().rss)
"""


def _memory(notebook: Notebook) -> int:
    """Return the bytes of the kernel's process."""
    return int(notebook.answer(2, MEMORY.strip()).splitlines()[-1].strip("'\""))


def _click_for(explorer: ShownExplorer, clicks: int, every: float) -> None:
    explorer.come_to_rest()
    points = [explorer.tile_point(n // 5 % 4, n % 5, 0.1 + 0.02 * (n % 40), 0.5) for n in range(20)]
    started = explorer.now()
    for number in range(clicks):
        explorer.page.mouse.click(*points[number % len(points)])
        ahead = started + every * (number + 1) - explorer.now()
        if ahead > 1:
            explorer.page.wait_for_timeout(ahead)
    explorer.settle()


def _soak(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle, clicks: int, most: float
) -> None:
    _click_for(explorer, 40, 40)
    memory = _memory(notebook)
    _click_for(explorer, 1, 40)  # JupyterLab makes a toolbar for the cell that becomes active
    before = listeners_and_nodes(notebook.page)
    _click_for(explorer, clicks, 40)
    neuron = oracle.neuron(explorer.neuron)
    order = oracle.strongest_channels("features.14")
    last = (clicks - 1) % 20
    assert neuron.channel == order[last // 5 % 4 * explorer.atlas_columns + last % 5]
    oracle.assert_drawn(neuron, "TTT", *explorer.pixels("TTT"))
    listeners, nodes = listeners_and_nodes(notebook.page)
    grown = _memory(notebook) / memory
    print(
        f"\n{clicks} clicks: kernel memory ×{grown:.3f}, "
        f"listeners {before[0]} → {listeners}, nodes {before[1]} → {nodes}"
    )
    assert 0.9 < grown < most
    assert listeners - before[0] < FEW
    assert nodes - before[1] < 200


def test_clicks_leave_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _soak(notebook, explorer, oracle, 60, SOME)


@pytest.mark.slow
def test_five_hundred_clicks_in_twenty_seconds_leave_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _soak(notebook, explorer, oracle, 500, HARDLY)


def _switch(explorer: ShownExplorer, times: int) -> None:
    networks = explorer.root.get_by_role("combobox", name="network")
    for number in range(times):
        name = ("mobilenet_v2", "vgg16_trunk")[number % 2]
        before = explorer.shown
        networks.select_option(name)
        if number % 3 != 2:  # every third is overtaken while it records
            explorer.answered(before)
    explorer.settle()


def _switches(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle, times: int, most: float
) -> None:
    _switch(explorer, 4)
    memory = _memory(notebook)
    before = listeners_and_nodes(notebook.page)
    _switch(explorer, times)
    explorer.wait(lambda: explorer.neuron.startswith("features.29/"), "the last network")
    neuron = oracle.neuron(explorer.neuron)
    assert neuron == oracle.recording.resolve(ds.Strongest("features.29"))
    oracle.assert_drawn(neuron, "TTT", *explorer.pixels("TTT"))
    listeners, _ = listeners_and_nodes(notebook.page)
    grown = _memory(notebook) / memory
    print(f"\n{times} switches: kernel memory ×{grown:.3f}, listeners {before[0]} → {listeners}")
    assert 0.9 < grown < most
    assert listeners - before[0] < FEW


def test_switching_networks_leaves_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _switches(notebook, explorer, oracle, 4, SOME)


@pytest.mark.slow
def test_fifty_switches_of_networks_leave_nothing_behind(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    _switches(notebook, explorer, oracle, 50, HARDLY)
