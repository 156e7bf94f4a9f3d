"""Several explorers in a notebook, several displays of one, cells run again and removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import EXPLORER, IMPORT
from .hosts import Host
from .notebook import Notebook
from .oracle import Oracle
from .page_memory import left_alive
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser


def test_two_explorers_do_not_disturb_each_other(notebook: Notebook, oracle: Oracle) -> None:
    first = notebook.show("ds.Explorer(layer='conv3_3')", 1)
    second = notebook.show("ds.Explorer(layer='conv4_3', architectures=['TTT'])", 2)
    alone = first.neuron, first.status, first.pixels("TTT")
    second.click_tile(1, 1, 0.5, 0.5)
    second.click_tile(0, 2, 0.3, 0.3)
    assert (first.neuron, first.status, first.pixels("TTT")) == alone
    other = second.neuron, second.status, second.pixels("TTT")
    first.click_tile(1, 2, 0.6, 0.4)
    assert (second.neuron, second.status, second.pixels("TTT")) == other
    assert first.neuron != alone[0]
    for explorer in (first, second):
        oracle.assert_drawn(oracle.neuron(explorer.neuron), "TTT", *explorer.pixels("TTT"))


def test_two_displays_of_one_explorer_show_one_state(notebook: Notebook) -> None:
    first = notebook.show(EXPLORER, 1)
    second = notebook.show("ex", 2)
    second.click_tile(1, 1, 0.5, 0.5)
    notebook.wait(lambda: first.neuron == second.neuron, "the other display")
    first.click_tile(0, 2, 0.2, 0.2)
    notebook.wait(lambda: first.neuron == second.neuron, "the other display")
    assert first.pixels("TTT") == second.pixels("TTT")


def test_python_moves_what_is_shown(
    notebook: Notebook, explorer: ShownExplorer, oracle: Oracle
) -> None:
    notebook.write(2, "ex.neuron = ds.Neuron('conv4_3', 433, 10, 9)")
    notebook.run(2)
    notebook.wait(lambda: explorer.neuron == "features.21/433@10,9", "the neuron set from Python")
    oracle.assert_drawn(oracle.neuron(explorer.neuron), "TTT", *explorer.pixels("TTT"))
    explorer.click_tile(0, 1, 0.5, 0.5)
    assert explorer.neuron != "features.21/433@10,9"


def test_a_cell_run_again_leaves_nothing_behind(notebook: Notebook) -> None:
    counts = []
    notebook.show("ds.Explorer(layer='conv3_3')").click_tile(0, 1, 0.5, 0.5)
    for _ in range(5):
        notebook.show_again().click_tile(1, 1, 0.5, 0.5)
        assert notebook.page.locator(".dcs-root").count() == 1
        counts.append(left_alive(notebook.page))
    assert [roots for roots, _ in counts] == [1] * 5
    assert counts[-1][1] - counts[1][1] < 3  # the program's own come and go
    alive = "sum(isinstance(o, ds.Recording) and not o.forgotten for o in gc.get_objects())"
    assert notebook.answer(2, f"import gc\ngc.collect()\n{alive}").endswith("1")


def test_a_removed_cell_takes_its_explorer_with_it(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook("removed", IMPORT, "None", "None")
    notebook.run(0)
    assert "ready" in notebook.output(0)
    before = left_alive(notebook.page)
    explorer = notebook.show("ds.Explorer(layer='conv3_3')")
    explorer.page.mouse.click(*explorer.tile_point(1, 1, 0.5, 0.5))  # and it is being answered
    notebook.remove(1)
    notebook.page.wait_for_timeout(500)
    roots, listeners = left_alive(notebook.page)
    assert roots == 0
    assert listeners - before[1] < 3


def test_a_restarted_kernel_is_missed_and_the_cell_brings_it_back(
    open_notebook: Callable[..., Notebook], host: Host, oracle: Oracle
) -> None:
    notebook = open_notebook("restarted", IMPORT, "None")
    notebook.run(0)
    assert "ready" in notebook.output(0)
    explorer = notebook.show("ds.Explorer(layer='conv3_3')")
    before = explorer.neuron, explorer.pixels("TTT")
    notebook.restart_kernel()
    if host.name != "marimo":  # which takes the outputs away
        explorer.page.mouse.click(*explorer.tile_point(1, 1, 0.5, 0.5))
        explorer.wait(lambda: "no kernel" in explorer.status, "the line about the kernel")
        assert (explorer.neuron, explorer.pixels("TTT")) == before
    notebook.run(0)
    assert "ready" in notebook.output(0)
    again = notebook.show_again()
    again.click_tile(1, 1, 0.5, 0.5)
    oracle.assert_drawn(oracle.neuron(again.neuron), "TTT", *again.pixels("TTT"))
