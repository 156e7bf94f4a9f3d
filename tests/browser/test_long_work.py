"""Work that takes long is told, given up, or overtaken by the next click; the view is never wrong."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import deconvscope as ds
from deconvscope.models import Preprocessing

from .drawn_boxes import CANVAS, photograph_alone
from .notebook import Notebook
from .shown_explorer import ShownExplorer
from .slow_network import SLOW

pytestmark = pytest.mark.browser


@pytest.fixture
def slow(notebook: Notebook) -> ShownExplorer:
    """An explorer of a network that takes a minute to record the next photograph."""
    return notebook.show(SLOW)


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
    slow.wait(lambda: "cancelled" in slow.status, "word that it is cancelled")
    slow.settle()
    assert (slow.neuron, slow.pixels("TTT")) == before
    assert not cancel.is_visible()
    slow.click_tile(0, 1, 0.5, 0.5)
    assert "cancelled" not in slow.status


def test_the_next_wish_overtakes_it(slow: ShownExplorer) -> None:
    shown = slow.drawn(CANVAS)
    _choose_image(slow, "espresso")
    slow.wait(lambda: "recording" in slow.status, "it to begin")
    assert slow.attribute("busy") == "true"
    _choose_image(slow, "astronaut")
    title = slow.root.locator(".dcs-image h3")
    slow.wait(lambda: "stronaut" in title.inner_text(), "the other photograph")
    slow.settle()
    checked = slow.root.locator(".dcs-images [aria-checked=true]").get_attribute("aria-label")
    assert "stronaut" in (checked or "")
    assert _likeness(slow, "astronaut") > 0.8 > _likeness(slow, "coffee")
    assert slow.drawn(CANVAS) != shown
    slow.click_tile(0, 1, 0.5, 0.5)  # what was overtaken would be answered before it
    assert "stronaut" in title.inner_text()
    assert _likeness(slow, "astronaut") > 0.8


def test_the_marker_follows_the_pointer_meanwhile(slow: ShownExplorer) -> None:
    _choose_image(slow, "espresso")
    slow.wait_for_attribute("busy", "true")
    box = slow.box(CANVAS)
    seen = []
    for share in (0.3, 0.6, 0.8):
        slow.page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
        slow.next_frame()
        seen.append((slow.root.locator(".dcs-image").inner_text(), slow.drawn(CANVAS)))
    assert slow.attribute("busy") == "true"
    assert all("pixel (" in title for title, _ in seen)
    for before, after in itertools.pairwise(seen):
        assert before[0] != after[0]
        assert before[1] != after[1]
    slow.root.get_by_role("button", name="Cancel").click()
    slow.settle()


def _likeness(explorer: ShownExplorer, image: str) -> float:
    """Return the correlation of what is drawn in the image's place with a photograph."""
    drawn = photograph_alone(explorer)
    seen = Preprocessing().view(ds.sample_image(image))
    photograph = np.asarray(seen.resize(drawn.shape[1::-1])).astype(float)
    return float(np.corrcoef(drawn.ravel(), photograph.ravel())[0, 1])
