"""Several explorers in a notebook, several displays of one, cells run again and removed."""

from __future__ import annotations

import pytest

from .conftest import EXPLORER
from .hosts import IN_EVERY_HOST, Host
from .notebook import Notebook
from .oracle import Oracle
from .page_memory import left_alive, own_listeners, watch
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

RECORDINGS = """
import gc
gc.collect()
sum(type(one) is ds.Recording and not one.forgotten for one in gc.get_objects())
"""


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


@IN_EVERY_HOST
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
    explorer = notebook.show("ds.Explorer(layer='conv3_3')")
    before, listeners = len(left_alive(notebook.page)), []
    for _ in range(5):
        watch(explorer.root)
        explorer.click_tile(1, 1, 0.5, 0.5)
        explorer = notebook.show_again()
        assert notebook.page.locator(".dcs-root").count() == 1
        listeners.append(own_listeners(notebook.page))
    # The last one the browser itself may remember: where the pointer was, what had the focus
    notebook.wait(
        lambda: left_alive(notebook.page)[before:-1] == [False] * 4, "the explorers to be forgotten"
    )
    assert listeners == [listeners[0]] * 5
    assert listeners[0] > 0
    notebook.wait(
        lambda: notebook.answer(2, RECORDINGS.strip()).endswith("1"), "the recordings to be freed"
    )


def test_a_removed_cell_takes_its_explorer_with_it(own_notebook: Notebook) -> None:
    page = own_notebook.page
    shown = page.locator(".dcs-root")
    before, watched = shown.count(), len(left_alive(page))
    for number in (3, 2):  # the program keeps some listeners of its own of the first
        explorer = own_notebook.show("ds.Explorer(layer='conv3_3')", number)
        watch(explorer.root)
        page.mouse.click(*explorer.tile_point(1, 1, 0.5, 0.5))  # and it is being answered
        own_notebook.remove(number)
        own_notebook.wait(lambda: shown.count() == before, "the explorer to go")
    # what was on the way when it went, an answer or a frame, may hold it for a moment
    own_notebook.wait(lambda: left_alive(page)[watched] is False, "the explorer to be forgotten")


@IN_EVERY_HOST
def test_a_restarted_kernel_is_missed_and_the_cell_brings_it_back(
    notebook: Notebook, host: Host, oracle: Oracle
) -> None:
    explorer = notebook.show("ds.Explorer(layer='conv3_3')")
    before = explorer.neuron, explorer.pixels("TTT")
    notebook.restart_kernel()
    if host.name != "marimo":  # which takes the outputs away
        explorer.page.mouse.click(*explorer.tile_point(1, 1, 0.5, 0.5))
        explorer.wait(lambda: "no kernel" in explorer.status, "the line about the kernel")
        assert (explorer.neuron, explorer.pixels("TTT")) == before
    notebook.run(0)
    notebook.wait(lambda: "ready" in notebook.output(0), "the package")
    again = notebook.show_again()
    again.click_tile(1, 1, 0.5, 0.5)
    oracle.assert_drawn(oracle.neuron(again.neuron), "TTT", *again.pixels("TTT"))
