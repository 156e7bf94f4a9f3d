"""What keeps the pictures honest: the meter, random weights, edges, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import deconvscope as ds

from .oracle import Oracle, pixels_of
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser


def _toggle(explorer: ShownExplorer, name: str) -> None:
    explorer.root.get_by_role("button", name=name).click()


def test_the_meter_tells_how_similar_other_channels_pictures_are(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    meter = explorer.root.locator('.dcs-meter[data-code="TTT"]')
    explorer.wait_for_meters()
    told = float(meter.get_attribute("data-value") or "nan")
    neuron = oracle.neuron(explorer.neuron)
    own = oracle.recording.reverse(neuron, "TTT").values[0].flatten().double()
    likeness = []
    for channel in range(0, 256, 3):
        other = oracle.recording.reverse(
            ds.Neuron(neuron.layer, channel, neuron.y, neuron.x), "TTT"
        )
        signal = other.values[0].flatten().double()
        if channel != neuron.channel and signal.norm() > 0:
            likeness.append(float(own @ signal / own.norm() / signal.norm()))
    assert told == pytest.approx(np.mean(likeness), abs=0.2)
    assert "like others" in meter.inner_text()


def test_random_weights_draw_another_picture_of_the_same_place(explorer: ShownExplorer) -> None:
    _toggle(explorer, "random weights")
    canvas = 'canvas[data-random="TTT"]'
    drawn = explorer.root.locator(canvas)
    explorer.wait(lambda: drawn.count() == 1 and explorer.colours(canvas) > 10, "the picture")
    assert explorer.drawn(canvas)[:2] == explorer.pixels("TTT")[:2]
    assert explorer.drawn(canvas) != explorer.pixels("TTT")
    explorer.click_tile(1, 1, 0.5, 0.5)
    explorer.wait(lambda: drawn.count() == 1 and explorer.colours(canvas) > 10, "the next")
    _toggle(explorer, "random weights")
    explorer.wait(lambda: drawn.count() == 0, "the pictures to go")


def test_edges_of_the_photograph_stand_beside_for_comparison(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    before = explorer.shown
    _toggle(explorer, "edges")
    canvas = "canvas[data-edges]"
    explorer.wait(lambda: explorer.root.locator(canvas).count() == 1, "the edges")
    explorer.next_frame()
    drawn = np.abs(pixels_of(*explorer.drawn(canvas)).mean(-1) - 128)
    seen = ds.load_model("vgg16_trunk").preprocess.view(ds.sample_image("chelsea")).convert("L")
    window = oracle.recording.reverse(oracle.neuron(explorer.neuron), "TTT").window
    light = np.asarray(seen).astype(float)
    steepness = np.hypot(*np.gradient(light))
    part = steepness[window.top :, window.left :][: window.height, : window.width]
    assert drawn.shape == part.shape
    assert abs(np.corrcoef(drawn.ravel(), part.ravel())[0, 1]) > 0.5
    assert explorer.shown == before


def test_the_way_back_shows_every_layer_and_enlarges_a_step(explorer: ShownExplorer) -> None:
    _toggle(explorer, "way back")
    strip = explorer.root.locator(".dcs-way-back canvas[data-layer]")
    explorer.wait(lambda: strip.count() > 5, "the strip")
    layers = strip.evaluate_all("all => all.map(one => one.dataset.layer)")
    assert layers[0] in ("features.14", "features.13", "features.12")
    assert layers[-1] == "image"
    explorer.wait(lambda: explorer.colours(".dcs-way-back canvas[data-layer=image]") > 20, "maps")
    enlarged = explorer.root.get_by_role("region", name="enlarged step")
    assert not enlarged.is_visible()
    explorer.root.locator(".dcs-step").nth(2).click()
    explorer.wait(enlarged.is_visible, "the enlarged step")
    assert enlarged.locator("canvas").first.bounding_box()["width"] > 100  # type: ignore[index]
    explorer.page.keyboard.press("Escape")
    explorer.wait(lambda: not enlarged.is_visible(), "it to close")
    explorer.click_tile(1, 1, 0.5, 0.5)
    explorer.wait(lambda: explorer.colours(".dcs-way-back canvas[data-layer=image]") > 20, "maps")


@pytest.mark.parametrize("way", ["key", "button"])
def test_the_pictures_are_saved_as_they_are_shown(explorer: ShownExplorer, way: str) -> None:
    with explorer.page.expect_download() as download:
        if way == "key":
            explorer.focus()
            explorer.page.keyboard.press("s")
        else:
            explorer.root.get_by_role("button", name="PNG").click()

    assert "features.14" in download.value.suggested_filename
    sheet = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    shown = pixels_of(*explorer.pixels("TTT"))
    height, width, _ = shown.shape
    magnification = round(440 / max(height, width))
    side = magnification * max(height, width)
    left, top = 24 + 3 * (side + 24), 24 + 32
    saved = sheet[top : top + side, left : left + side][::magnification, ::magnification]
    across, down = (side // magnification - width) // 2, (side // magnification - height) // 2
    assert np.abs(saved[down : down + height, across : across + width] - shown).max() <= 1
