"""How the pictures are shown is the browser's choice: every mode draws what it says, without the kernel."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import deconvscope as ds
from deconvscope import display

from .oracle import Oracle, pixels_of
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

CODES = ("FTT", "saliency", "TTT")


@pytest.fixture
def unanswered(explorer: ShownExplorer) -> Any:
    """An explorer of which nothing in the test may ask the kernel."""
    shown = explorer.shown
    yield explorer
    assert explorer.shown == shown


def _choose(explorer: ShownExplorer, name: str) -> None:
    button = explorer.root.locator(".dcs-segment", has_text=name)
    button.click()
    explorer.wait(lambda: button.get_attribute("aria-checked") == "true", f"{name} to be chosen")
    explorer.next_frame()


def _set_gain(explorer: ShownExplorer, doublings: float) -> None:
    explorer.root.get_by_role("slider", name="gain").fill(str(doublings))
    shown = explorer.root.locator(".dcs-gain")
    explorer.wait(lambda: f"×{2**doublings:.1f}" in shown.inner_text(), "the gain")


def test_each_mode_draws_what_it_says(unanswered: ShownExplorer, oracle: Oracle) -> None:
    neuron = oracle.neuron(unanswered.neuron)
    picture = oracle.recording.reverse(neuron, "TTT")
    values = picture.values[0]
    _choose(unanswered, "signed")
    for code in CODES:
        own = oracle.recording.reverse(neuron, code)
        tone = partial(_linear, float(own.values.abs().max()))
        oracle.assert_shown(own, *unanswered.pixels(code), tone)

    _choose(unanswered, "^0.1")
    drawn = pixels_of(*unanswered.pixels("TTT"))
    signal = np.moveaxis(display.expand(*display.compand(values)), 0, -1) / float(
        values.abs().max()
    )
    expected = 127.5 + 127.5 * np.sign(signal) * np.abs(signal) ** 0.1
    assert (np.abs(drawn - expected) <= 1).mean() > 0.98  # the rest fell to another step near zero
    assert ((drawn > 128) == (signal > 0)).mean() > 0.98

    _choose(unanswered, "saliency")
    drawn = pixels_of(*unanswered.pixels("TTT"))
    expected = display.saliency(values).astype(int)
    assert np.abs(drawn - expected).mean() < 1.5
    assert (np.abs(drawn - expected).max(-1) <= 24).mean() > 0.99

    _choose(unanswered, "norm")
    drawn = pixels_of(*unanswered.pixels("TTT"))
    norms = values.double().square().sum(0).sqrt().numpy()
    assert np.abs(drawn - 255 * (norms / norms.max())[:, :, None]).mean() < 1.5

    _choose(unanswered, "over image")
    window = picture.window
    photograph = _photograph()[window.top :, window.left :][: window.height, : window.width]
    signal = np.moveaxis(values.numpy(), 0, -1)
    q = display.paper_scale(picture.dense()[0])
    opacity = np.minimum(1, np.abs(signal).max(-1, keepdims=True) / q)
    paper = 255 / (1 + np.exp(-np.log(99) * signal / q))
    drawn = pixels_of(*unanswered.pixels("TTT"))
    assert np.abs(drawn - (photograph + (paper - photograph) * opacity)).mean() < 2.5


def test_gain_steepens_the_tones(unanswered: ShownExplorer, oracle: Oracle) -> None:
    neuron = oracle.neuron(unanswered.neuron)
    _set_gain(unanswered, 1)
    for code in CODES:
        oracle.assert_drawn(neuron, code, *unanswered.pixels(code), gain=2)
    unanswered.root.get_by_role("slider", name="gain").dblclick()
    unanswered.next_frame()
    oracle.assert_drawn(neuron, "TTT", *unanswered.pixels("TTT"))


def test_one_scale_shows_which_picture_is_weaker(unanswered: ShownExplorer, oracle: Oracle) -> None:
    neuron = oracle.neuron(unanswered.neuron)
    pictures = {code: oracle.recording.reverse(neuron, code) for code in CODES}
    q = {code: display.paper_scale(picture.dense()[0]) for code, picture in pictures.items()}
    unanswered.root.get_by_role("combobox", name="scale of the pictures").select_option("shared")
    unanswered.next_frame()
    for code in CODES:
        shared = q[code] / max(q.values())
        oracle.assert_drawn(neuron, code, *unanswered.pixels(code), gain=shared)


def test_the_whole_image_has_the_picture_in_its_window_and_grey_outside(
    unanswered: ShownExplorer, oracle: Oracle
) -> None:
    _choose(unanswered, "whole image")
    neuron = oracle.neuron(unanswered.neuron)
    window = oracle.recording.reverse(neuron, "TTT").window
    height, width, rgba = unanswered.pixels("TTT")
    drawn = np.frombuffer(rgba, np.uint8).reshape(height, width, 4)
    rows = slice(window.top, window.top + window.height)
    columns = slice(window.left, window.left + window.width)
    inside = drawn[rows, columns]
    oracle.assert_drawn(neuron, "TTT", window.height, window.width, inside.tobytes())
    outside = drawn.copy()
    outside[rows, columns] = [128, 128, 128, 255]
    assert (height, width) == (224, 224)
    assert (outside == [128, 128, 128, 255]).all()


def test_the_slider_fades_the_map_over_the_photograph(
    unanswered: ShownExplorer, oracle: Oracle
) -> None:
    slider = unanswered.root.get_by_role("slider", name="photograph under the map")
    photograph = _photograph()

    def likeness() -> float:
        """Correlation of what the screen shows with the photograph, the markings' edges aside."""
        shown = unanswered.look(".dcs-image canvas").resize((224, 224))
        return float(np.corrcoef(np.asarray(shown).ravel(), photograph.ravel())[0, 1])

    found = []
    for key in ("Home", "End"):
        slider.focus()
        unanswered.page.keyboard.press(key)
        unanswered.point_away()
        found.append(likeness())
    assert found[0] < 0.5
    assert found[1] > 0.9


def _linear(scale: float, values: np.ndarray) -> np.ndarray:
    return 127.5 + 127.5 * values / scale


def _photograph() -> np.ndarray:
    model = ds.load_model("vgg16_trunk")
    return np.asarray(model.preprocess.view(ds.sample_image("chelsea"))).astype(float)
