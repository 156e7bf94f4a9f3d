"""An explorer that no page shows takes no room in the saved notebook, and is whole again when it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import deconvscope as ds
from deconvscope.explorer.traits import DRAWN
from deconvscope.models import Model

from .recorded_browser import Browser


def size(explorer: ds.Explorer) -> int:
    """The size of what a host saves of an explorer."""
    return sum(
        len(value) if isinstance(value, bytes | str) else len(repr(value))
        for value in explorer.get_state().values()
    )


def drawn(explorer: ds.Explorer) -> dict[str, Any]:
    """What a page draws of a view, but for what is computed beside it while nothing is asked."""
    names = ("_catalog", "_network", "_photograph", "_atlas_info", "_atlas", "_map", "_pictures")
    return {name: getattr(explorer, name) for name in (*names, "_esm", "_css")}


def test_every_trait_that_browsers_are_sent_is_known(explorer: ds.Explorer) -> None:
    private = {name for name in explorer.traits(sync=True) if name.startswith("_")}
    of_hosts = {name for name in private if name.startswith(("_model", "_view_", "_dom", "_any"))}
    assert private - of_hosts - set(DRAWN) == {"_esm", "_css", "_query", "_cancel", "_hover"}


def test_nothing_is_saved_of_an_explorer_that_left_the_page(browser: Browser) -> None:
    explorer = browser.explorer
    browser.send({"_view_count": 1})
    view, before = explorer._view, drawn(explorer)
    assert size(explorer) > 30_000
    browser.send({"_view_count": 0})
    assert size(explorer) < 2_000
    assert "_pictures" in browser.comm.sent[-1], "the page's own state is made small"
    browser.send({"_view_count": 1})
    assert drawn(explorer) == before
    assert explorer._view["neuron"] == view["neuron"]


def test_one_of_two_displays_keeps_it(browser: Browser) -> None:
    browser.send({"_view_count": 2})
    before = drawn(browser.explorer)
    browser.send({"_view_count": 1})
    assert drawn(browser.explorer) == before


def test_a_host_that_counts_nothing_keeps_it(browser: Browser) -> None:
    before = drawn(browser.explorer)
    browser.send({"_view_count": None})
    assert drawn(browser.explorer) == before


def test_where_python_moves_it_meanwhile_it_comes_back_there(browser: Browser) -> None:
    explorer = browser.explorer
    browser.send({"_view_count": 1})
    browser.send({"_view_count": 0})
    explorer.neuron = ds.Neuron("features.3", channel=2, y=5, x=6)
    explorer.pin()
    assert size(explorer) < 2_500
    assert (explorer.channel, explorer.y, explorer.x) == (2, 5, 6)
    assert explorer.reconstructions.selection == ds.Neuron("features.3", channel=2, y=5, x=6)
    browser.send({"_view_count": 1})
    assert explorer._view["neuron"]["channel"] == 2
    assert explorer._view["address"] == explorer.address
    assert [pin["address"] for pin in explorer._pins] == [explorer.address]


def test_a_page_that_asks_shows_it_whatever_the_host_counts(browser: Browser) -> None:
    browser.send({"_view_count": 1})
    before = drawn(browser.explorer)
    browser.send({"_view_count": 0})
    assert browser.ask(neuron={"channel": 0, "y": 1, "x": 2})[-1]["_view"]["neuron"]["x"] == 2
    assert browser.explorer._esm == before["_esm"]
    assert browser.explorer._photograph == before["_photograph"]


def test_what_is_closed_stays_closed(small_model: Model) -> None:
    explorer = ds.Explorer(small_model)
    explorer.close()
    explorer._view_count = 1
    explorer._view_count = 0


def test_what_is_shown_again_from_python_is_computed_once(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer, recorded = browser.explorer, []
    record = ds.ReversedNetwork.record

    def counted(network: ds.ReversedNetwork, *inputs: Any, **named: Any) -> ds.Recording:
        recorded.append(network)
        return record(network, *inputs, **named)

    browser.send({"_view_count": 1})
    browser.send({"_view_count": 0})
    monkeypatch.setattr(ds.ReversedNetwork, "record", counted)
    browser.comm.sent.clear()
    data, _ = explorer._repr_mimebundle_()
    browser.send({"_view_count": 1})
    assert "image/png" in data
    browser.wait_for("_meters")
    assert len(recorded) == 1
    assert explorer.recording is not None
    assert len(recorded) == 1


class Notebook:
    """Stands for IPython's shell, which knows which cell is run."""

    def __init__(self) -> None:
        self.parent_header: dict[str, Any] = {}
        self.runs = 0

    def run(self, cell: str, *shown: ds.Explorer) -> None:
        """Run a cell that shows explorers."""
        self.runs += 1
        header = {"msg_type": "execute_request", "msg_id": str(self.runs)}
        self.parent_header = {"header": header, "metadata": {"cellId": cell}}
        for explorer in shown:
            explorer._repr_mimebundle_()


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    made = Notebook()
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: made)
    monkeypatch.setattr("deconvscope.explorer.cells._shown", {})
    yield made


@pytest.fixture
def two(small_model: Model) -> Iterator[tuple[ds.Explorer, ds.Explorer]]:
    pair = ds.Explorer(small_model), ds.Explorer(small_model)
    yield pair
    for explorer in pair:
        explorer.close()


def test_a_cell_run_again_frees_the_explorer_of_its_last_run(
    notebook: Notebook, two: tuple[ds.Explorer, ds.Explorer]
) -> None:
    former, newer = two
    notebook.run("a", former)
    former._view_count = 2  # the page was loaded again, and counted once more
    former._view_count = 1
    notebook.run("a", newer)
    assert size(former) < 2_000
    assert size(newer) > 30_000


def test_an_explorer_that_another_cell_shows_is_kept(
    notebook: Notebook, two: tuple[ds.Explorer, ds.Explorer]
) -> None:
    former, newer = two
    notebook.run("a", former)
    notebook.run("b", former)
    notebook.run("a", newer)
    assert size(former) > 30_000
    notebook.run("b", newer)
    assert size(former) < 2_000


def test_two_explorers_of_one_cell_stay_when_it_is_run_again(
    notebook: Notebook, two: tuple[ds.Explorer, ds.Explorer]
) -> None:
    for _ in range(2):
        notebook.run("a", *two)
        assert min(map(size, two)) > 30_000


def test_what_is_shown_outside_of_a_cell_counts_for_none(
    notebook: Notebook, two: tuple[ds.Explorer, ds.Explorer]
) -> None:
    former, newer = two
    notebook.run("a", former)
    notebook.parent_header = {"header": {"msg_type": "comm_msg", "msg_id": "9"}, "metadata": {}}
    newer._repr_mimebundle_()
    assert size(former) > 30_000
