"""Clicks on activation maps pick neurons, and the drawn pictures are those of `reverse`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import deconvscope as ds

from .drawn_boxes import SEEN, BoxSides, photograph_alone
from .hosts import IN_LAB
from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

CODES = ("FTT", "saliency", "TTT")
LAYER, SIDE = "features.14", 56
"""conv3_3 and the side of its maps."""
WITHIN_ITS_FIELD = """
import torch
from torch import nn
convolution = nn.Conv2d(3, 4, 61)
with torch.no_grad():
    convolution.weight[..., :10, :] = convolution.weight[..., 40:, :] = 0
    convolution.weight[..., :20] = convolution.weight[..., 55:] = 0
ds.Explorer(nn.Sequential(convolution), neuron=ds.Neuron('0', 1, 70, 40))
"""
"""Filters of 61 × 61 that are zero outside rows 10 to 40 and columns 20 to 55."""


def test_a_click_on_a_tile_picks_its_channel_and_place(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    order = oracle.strongest_channels(LAYER)
    seen: list[tuple[object, ...]] = [
        (explorer.neuron, explorer.status, *map(explorer.pixels, CODES))
    ]
    for row, column, down, across in ((0, 1, 0.3, 0.6), (1, 0, 0.8, 0.2), (2, 2, 0.5, 0.5)):
        explorer.click_tile(row, column, down, across)
        neuron = oracle.neuron(explorer.neuron)
        assert neuron.y is not None
        assert neuron.x is not None
        assert neuron.channel == order[row * explorer.atlas_columns + column]
        assert abs(neuron.y + 0.5 - down * SIDE) < 2.5  # a pixel of the screen is 1.5 places
        assert abs(neuron.x + 0.5 - across * SIDE) < 2.5
        seen.append(_shown(explorer, oracle))
    _assert_all_differ(seen)


def test_a_click_on_the_big_map_picks_the_place(explorer: ShownExplorer, oracle: Oracle) -> None:
    field = oracle.recording.receptive_field(LAYER)
    channel = oracle.neuron(explorer.neuron).channel
    assert field is not None
    seen: list[tuple[object, ...]] = [
        (explorer.neuron, explorer.status, *map(explorer.pixels, CODES))
    ]
    for down, across in ((0.4, 0.4), (0.7, 0.55)):
        explorer.click(".dcs-image canvas", across, down)
        neuron = oracle.neuron(explorer.neuron)
        assert neuron.channel == channel
        assert neuron.y is not None
        assert neuron.x is not None
        for pixel, place, axis in ((down * 224, neuron.y, 0), (across * 224, neuron.x, 1)):
            middle = field.offset[axis] + place * field.stride[axis] + field.size[axis] / 2
            assert abs(pixel - middle) <= field.stride[axis] / 2 + 1.5
        seen.append(_shown(explorer, oracle))
    _assert_all_differ(seen)


def test_a_click_on_a_layer_shows_its_strongest_neuron(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    before = explorer.shown
    explorer.root.locator('.dcs-layer[data-layer="features.21"]').click()
    explorer.answered(before)
    neuron = oracle.neuron(explorer.neuron)
    assert neuron == oracle.recording.resolve(ds.Strongest("features.21"))
    _shown(explorer, oracle)


def test_thirty_clicks_in_a_row_end_on_the_last(explorer: ShownExplorer, oracle: Oracle) -> None:
    order = oracle.strongest_channels(LAYER)
    columns = explorer.atlas_columns
    points = [explorer.tile_point(n // 5 % 4, n % 5, 0.1 + 0.02 * n, 0.5) for n in range(30)]
    for point in points:
        explorer.page.mouse.click(*point)
    explorer.settle()
    neuron = oracle.neuron(explorer.neuron)
    assert neuron.channel == order[29 // 5 % 4 * columns + 29 % 5]
    explorer.wait_for_meters()  # which are compared when nothing is left to be answered
    assert oracle.neuron(explorer.neuron) == neuron
    _shown(explorer, oracle)


@IN_LAB
def test_a_dotted_box_is_where_the_pictures_are_not_zero(notebook: Notebook) -> None:
    explorer = notebook.show(WITHIN_ITS_FIELD.strip())
    drawn = photograph_alone(explorer)
    field, support = (70, 40, 61, 61), (80, 60, 30, 35)
    assert min(BoxSides(drawn, field).white) > 0.95
    assert max(BoxSides(drawn, field).dotted) < 10
    assert max(BoxSides(drawn, support).white) < 0.5
    assert min(BoxSides(drawn, support).dotted) > 30
    assert "support 30 × 35" in explorer.root.locator(".dcs-image").inner_text()


def _shown(explorer: ShownExplorer, oracle: Oracle) -> tuple[object, ...]:
    """Check what is drawn of the chosen neuron, and return it."""
    neuron = oracle.neuron(explorer.neuron)
    pictures = [explorer.pixels(code) for code in CODES]
    for code, picture in zip(CODES, pictures, strict=True):
        oracle.assert_drawn(neuron, code, *picture)
    assert f"neuron {neuron.channel} at ({neuron.y}, {neuron.x})" in explorer.status
    _assert_fields(explorer, oracle, neuron)
    return explorer.neuron, explorer.status, *pictures


def _assert_fields(explorer: ShownExplorer, oracle: Oracle, neuron: ds.Neuron) -> None:
    """Check the box on the photograph around what the neuron can see, and the one at its own place."""
    field = oracle.recording.receptive_field(neuron.layer)
    assert field is not None
    assert neuron.y is not None
    assert neuron.x is not None
    starts = [
        offset + place * stride
        for offset, place, stride in zip(
            field.offset, (neuron.y, neuron.x), field.stride, strict=True
        )
    ]
    ends = [min(SEEN, start + size) for start, size in zip(starts, field.size, strict=True)]
    starts = [max(0, start) for start in starts]
    box = [*starts, *(end - start for start, end in zip(starts, ends, strict=True))]
    told = explorer.root.locator(".dcs-image").get_attribute("data-field") or ""
    assert [float(side) for side in told.split(",")] == box
    drawn = photograph_alone(explorer)
    assert min(BoxSides(drawn, box).white) > 0.95
    assert max(BoxSides(drawn, box, inset=5).white) < 0.5


def _assert_all_differ(seen: Sequence[tuple[object, ...]]) -> None:
    for before, after in zip(seen, seen[1:], strict=False):
        assert all(old != new for old, new in zip(before, after, strict=True))
