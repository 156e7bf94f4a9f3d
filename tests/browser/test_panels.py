"""Beside a channel stand its exemplars, and over the photograph the foreground that the picture points at."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

import deconvscope as ds
from deconvscope.experiments import segment_reversed

from .notebook import Notebook
from .oracle import Oracle, pixels_of
from .shown_explorer import ShownExplorer
from .small_network import exemplars_cell

pytestmark = pytest.mark.browser

MAP = ".dcs-image canvas"


def test_a_channel_s_strongest_images_are_shown_and_opened(notebook: Notebook) -> None:
    explorer = notebook.show(exemplars_cell())
    cards = explorer.root.locator(".dcs-exemplars button[data-image]")
    explorer.wait(lambda: cards.count() == 9, "the exemplars")
    assert "20 images" in explorer.status
    pictures = cards.locator("img")
    explorer.wait(lambda: _loaded(explorer) == 18, "the pictures")
    assert pictures.count() == 18
    values = [_number(text) for text in cards.all_inner_texts()]
    assert values == sorted(values, reverse=True)
    channel = explorer.neuron.split("@")[0]
    seen = {explorer.pixels("TTT")}
    for card in (1, 4):
        before = explorer.shown
        cards.nth(card).click()
        explorer.answered(before)
        assert explorer.neuron.startswith(channel)
        value = re.search(r"= ([−\d.e]+)", explorer.status)
        assert value is not None
        assert _number(value[1]) == pytest.approx(values[card], rel=0.02)
        assert "strongest" in explorer.status
        seen.add(explorer.pixels("TTT"))
        explorer.wait(lambda: cards.count() == 9, "the same exemplars")
    assert len(seen) == 3
    explorer.root.get_by_role("button", name="exemplars").click()
    explorer.wait(lambda: cards.count() == 0, "them to go")


def test_the_foreground_is_outlined_on_the_photograph(notebook: Notebook, oracle: Oracle) -> None:
    explorer = notebook.show("ds.Explorer(layer='conv5_3')")
    explorer.root.get_by_role("slider", name="photograph under the map").fill("1")
    explorer.point_away()
    before, shown = explorer.drawn(MAP), explorer.shown
    toggle = explorer.root.get_by_role("button", name="segmentation")
    toggle.click()
    outlined = explorer.root.locator(".dcs-image canvas[data-segmentation]")
    explorer.wait(lambda: outlined.count() == 1, "the segmentation")
    explorer.next_frame()
    picture = oracle.recording.reverse(oracle.neuron(explorer.neuron), "FTT")
    photograph = ds.load_model("vgg16_trunk").preprocess.view(ds.sample_image("chelsea"))
    mask = segment_reversed(photograph, picture).mask
    told = explorer.root.locator(".dcs-image").inner_text()
    assert f"segmentation from DeConvNet: {100 * mask.mean():.0f}" in told
    then, now = (pixels_of(*one).mean(-1) for one in (before, explorer.drawn(MAP)))
    inside = np.asarray(Image.fromarray(mask).resize(now.shape[::-1])).astype(bool)
    assert now[~inside].mean() < 0.8 * then[~inside].mean()
    assert abs(now[inside].mean() / then[inside].mean() - 1) < 0.1
    toggle.click()
    explorer.wait(lambda: explorer.drawn(MAP) == before, "the photograph as it was")
    assert explorer.neuron in shown


def _loaded(explorer: ShownExplorer) -> int:
    return int(
        explorer.root.locator(".dcs-exemplars img").evaluate_all(
            "all => all.filter(one => one.naturalWidth > 1).length"
        )
    )


def _number(text: str) -> float:
    return float(text.strip().replace("−", "-"))
