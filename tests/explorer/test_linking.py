"""Links: explorers that follow each other."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from torch import nn

import deconvscope as ds
from deconvscope.models import Model, Preprocessing, from_module

from .recorded_browser import SOON, RecordedComm


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


@pytest.fixture
def other(small_model: Model) -> Iterator[ds.Explorer]:
    made = ds.Explorer(small_model, image="coffee", architectures="TTT", comm=RecordedComm())
    yield made
    made.close()


def test_linked_explorers_show_one_place_each_in_its_own_way(
    explorer: ds.Explorer, other: ds.Explorer
) -> None:
    explorer.select("features.3", 2, 5, 6)
    link = explorer.link(other)
    assert other.neuron == explorer.neuron == ds.Neuron("features.3", 2, 5, 6)
    assert other.address.endswith("?TTT#coffee")
    explorer.select("features.1", 1, 2, 3)
    assert other.neuron == ds.Neuron("features.1", 1, 2, 3)
    other.channel = 3
    assert explorer.neuron == ds.Neuron("features.1", 3, 2, 3)
    link.unlink()
    link.unlink()
    other.channel = 0
    assert explorer.channel == 3


def test_a_link_leads_no_circle(explorer: ds.Explorer, other: ds.Explorer, impatient: None) -> None:
    third = ds.Explorer(other.model, image="rocket", comm=RecordedComm())
    links = [explorer.link(other), other.link(third), third.link(explorer)]
    for y in range(12):
        (explorer, other, third)[y % 3].select("features.3", 1, y, y)
    last, all_three = ds.Neuron("features.3", 1, 11, 11), (explorer, other, third)
    until(lambda: all(one.neuron == last for one in all_three), "not followed")
    time.sleep(0.1)
    assert {one.y for one in (explorer, other, third)} == {11}
    for link in links:
        link.unlink()
    third.close()


def test_a_place_that_the_other_lacks_is_reported_and_skipped(
    explorer: ds.Explorer, comm: RecordedComm
) -> None:
    small = from_module(
        nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()).eval(),
        preprocess=Preprocessing(size=32, resize=32),
        name="other",
    )
    other = ds.Explorer(small, comm=RecordedComm())
    before = other.address
    explorer.link(other)
    explorer.select("features.4", 5, 2, 3)
    assert other.address == before
    assert "features.4" in other._failure["message"]
    other.channel = 1
    assert "not followed" in explorer._failure["message"]
    other.close()
    explorer.select("features.3", 1, 1, 1)  # the link ended with it


def test_layers_that_go_by_one_label_are_the_same_place(comm: RecordedComm) -> None:
    class ByLabel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1_1 = nn.Conv2d(3, 64, 3, padding=1)

        def forward(self, x: Any) -> Any:
            return self.conv1_1(x).relu()

    trunk, other = ds.Explorer(layer="conv1_1"), ds.Explorer(ByLabel().eval())
    trunk.link(other)
    trunk.select("conv1_1", 7, 20, 30)
    assert other.neuron == ds.Neuron("conv1_1", 7, 20, 30)
    other.channel = 9
    assert trunk.neuron == ds.Neuron("features.0", 9, 20, 30)
    trunk.close()
    other.close()


def test_explorers_moved_at_once_from_two_threads_come_to_rest(
    explorer: ds.Explorer, other: ds.Explorer, impatient: None
) -> None:
    explorer.link(other)

    def walk(one: ds.Explorer, channel: int) -> None:
        for y in range(15):
            one.select("features.3", channel, y, y)

    threads = [
        threading.Thread(target=walk, args=(one, channel), daemon=True)
        for one, channel in ((explorer, 1), (other, 2))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive(), "each waits for the other"
    explorer.select("features.3", 0, 3, 3)
    until(lambda: other.neuron == ds.Neuron("features.3", 0, 3, 3), "not followed")


@pytest.mark.parametrize("wrong", [None, 3, "self"])
def test_only_another_explorer_can_be_linked(explorer: ds.Explorer, wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        explorer.link(explorer if wrong == "self" else wrong)


def test_closing_one_end_frees_both(small_model: Model) -> None:
    first, second = ds.Explorer(small_model), ds.Explorer(small_model)
    first.link(second)
    first.close()
    assert second.channel is not None
    second.close()
    dead = weakref.ref(first), weakref.ref(second)
    del first, second
    gc.collect()
    assert [one() for one in dead] == [None, None]
