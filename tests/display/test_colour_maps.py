"""Colour maps that can be read: even steps of lightness, zero is black."""

import re
from pathlib import Path

import numpy as np
import pytest

from deconvscope.display import activation_map, colour_map, colour_maps

FRONT_END = Path(__file__).parents[2] / "js" / "src" / "pictures" / "colour_maps.ts"


def lightness(table):
    """OKLab lightness (Ottosson 2020) of sRGB bytes."""
    c = table / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(cones) @ np.array([0.2104542553, 0.7936177850, -0.0040720468])


def test_sequential_rises_from_black():
    levels = lightness(colour_map("sequential"))
    assert levels[0] < 0.05
    assert levels[-1] > 0.9
    assert (np.diff(levels) > -0.005).all(), "no fall beyond what rounding to bytes makes"


def test_diverging_rises_evenly_on_both_sides_of_a_black_zero():
    table = colour_map("diverging")
    levels = lightness(table)
    below, above = levels[127::-1], levels[128:]
    for side in (below, above):
        assert side[0] < 0.05
        # Near black a byte is a coarse step.
        np.testing.assert_allclose(side[8:], np.linspace(side[0], 0.9, 128)[8:], atol=0.04)
    np.testing.assert_allclose(below, above, atol=0.02)
    assert (table[60] @ [-1, 0, 1] > 60) and (table[195] @ [1, 0, -1] > 60), "blue and orange"


def test_the_browser_has_the_same_colours():
    found = re.findall(
        r'const (\w+): ColourTable = colourTable\(\s*"([0-9a-f]+)"', FRONT_END.read_text("utf-8")
    )
    below, above = (
        re.findall("[0-9a-f]{6}", anchors)
        for anchors in (colour_maps.BELOW_ZERO_ANCHORS, colour_maps.ABOVE_ZERO_ANCHORS)
    )
    assert dict(found) == {
        "SEQUENTIAL": colour_maps.SEQUENTIAL_ANCHORS,
        "DIVERGING": "".join([*below[::-1], *above[1:]]),
    }


def test_sequential_is_inferno():
    matplotlib = pytest.importorskip("matplotlib")
    inferno = matplotlib.colormaps["inferno"](np.arange(256))[:, :3] * 255
    assert np.abs(colour_map("sequential") - inferno).max() < 10


def test_tables_are_whole_and_cannot_be_spoilt():
    for name in ("sequential", "diverging"):
        table = colour_map(name)
        assert table.shape == (256, 3)
        assert table.dtype == np.uint8
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 255
    with pytest.raises(ValueError, match="'jet'"):
        colour_map("jet")


def test_activations_are_sequential_unless_some_are_negative():
    sequential, diverging = colour_map("sequential"), colour_map("diverging")
    assert (activation_map(np.array([[0.0, 1.0, 4.0]]))[0] == sequential[[0, 64, 255]]).all()
    assert (activation_map(np.array([[-4.0, 0.0, 2.0]]))[0] == diverging[[0, 128, 191]]).all()
    assert (activation_map(np.zeros((2, 2))) == sequential[0]).all()


@pytest.mark.parametrize("x", [np.zeros(3), np.zeros((0, 2)), np.array([[np.nan]])])
def test_what_is_no_map_is_refused(x):
    with pytest.raises(ValueError, match="activation map|NaN"):
        activation_map(x)
