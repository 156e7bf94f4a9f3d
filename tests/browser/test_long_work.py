"""Work that takes long is told, given up, or overtaken by the next click; the view is never wrong."""

from __future__ import annotations

import pytest

from .notebook import Notebook
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

SLOW = """
import time
from torch import nn

class Pause(nn.Module):
    def forward(self, x):
        if slow:
            time.sleep(0.3)
        return x.relu()

slow = False
parts = [layer for _ in range(12) for layer in (nn.Conv2d(3, 3, 3, padding=1), Pause())]
ex = ds.Explorer(nn.Sequential(*parts))
slow = True
ex
"""


@pytest.fixture
def slow(notebook: Notebook) -> ShownExplorer:
    """An explorer of a network that takes four seconds to record."""
    return notebook.show(SLOW.strip())


def _choose_image(explorer: ShownExplorer, name: str) -> None:
    explorer.root.get_by_role("radio", name=name).click()


def test_it_is_told_and_given_up(slow: ShownExplorer) -> None:
    before = slow.neuron, slow.pixels("TTT")
    _choose_image(slow, "espresso")
    cancel = slow.root.get_by_role("button", name="Cancel")
    slow.wait(cancel.is_visible, "the button")
    assert slow.root.get_by_role("progressbar").is_visible()
    assert "recording" in slow.status
    cancel.click()
    slow.wait(lambda: "cancelled" in slow.status, "word that it is cancelled", 3000)
    slow.settle()
    assert (slow.neuron, slow.pixels("TTT")) == before
    assert not cancel.is_visible()
    slow.click_tile(0, 1, 0.5, 0.5)
    assert "cancelled" not in slow.status


def test_the_next_wish_overtakes_it(slow: ShownExplorer) -> None:
    start = slow.neuron
    _choose_image(slow, "espresso")
    slow.page.wait_for_timeout(700)
    assert slow.attribute("busy") == "true"
    _choose_image(slow, "astronaut")
    slow.settle()
    assert slow.root.locator(".dcs-images [aria-checked=true]").get_attribute("title") is not None
    checked = slow.root.locator(".dcs-images [aria-checked=true]").get_attribute("aria-label")
    assert "stronaut" in (checked or "")
    assert slow.neuron != start or slow.attribute("seq") != "1"


def test_the_marker_follows_the_pointer_meanwhile(notebook: Notebook) -> None:
    explorer = notebook.show("ds.Explorer(layer='pool5', architectures=ds.EIGHT, prefetch=False)")
    points = [explorer.tile_point(row, 1, 0.5, 0.5) for row in (0, 1, 2)]
    explorer.page.mouse.click(*points[1])
    explorer.page.mouse.move(*points[2])
    explorer.next_frame()
    explorer.next_frame()
    told, busy = explorer.tooltip, explorer.attribute("busy")
    assert told != ""
    assert busy == "true"
    explorer.settle()
