"""Clicks on activation maps pick neurons, and the drawn pictures are those of `reverse`."""

from __future__ import annotations

import statistics

import pytest
from playwright.sync_api import Page

import deconvscope as ds

from .jupyter_lab import JupyterLab
from .notebook import Notebook, ShownExplorer
from .oracle import Oracle

pytestmark = pytest.mark.browser

CODES = ("FTT", "saliency", "TTT")
CELL = "import deconvscope as ds\nds.Explorer(layer='conv4_3')"


@pytest.fixture
def explorer(page: Page, lab: JupyterLab) -> ShownExplorer:
    notebook = Notebook.of(page, lab, "clicks", [CELL])
    notebook.run(0)
    return notebook.explorer()


def test_clicks_in_the_atlas_and_on_the_map_move_neuron_status_and_pictures(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    order = oracle.strongest_channels("features.21")
    seen: list[tuple[object, ...]] = [
        (explorer.neuron, explorer.status, *(explorer.pixels(code) for code in CODES))
    ]
    for row, column, down, across in ((0, 1, 0.3, 0.6), (1, 0, 0.8, 0.2), (2, 2, 0.5, 0.5)):
        explorer.click_tile(row, column, down, across)
        neuron = oracle.neuron(explorer.neuron)
        assert neuron.y is not None
        assert neuron.x is not None
        assert neuron.channel == order[row * explorer.atlas_columns + column]
        assert abs(neuron.y + 0.5 - down * 28) < 1.5  # a pixel of the screen is 0.6 places
        assert abs(neuron.x + 0.5 - across * 28) < 1.5
        seen.append(_shown(explorer, oracle))
    for down, across in ((0.4, 0.4), (0.7, 0.55)):
        channel = oracle.neuron(explorer.neuron).channel
        explorer.click(".dcs-image canvas", across, down)
        neuron = oracle.neuron(explorer.neuron)
        field = oracle.recording.receptive_field("features.21")
        assert field is not None
        assert neuron.channel == channel
        assert neuron.y is not None
        assert neuron.x is not None
        for pixel, place, axis in ((down * 224, neuron.y, 0), (across * 224, neuron.x, 1)):
            middle = field.offset[axis] + place * field.stride[axis] + field.size[axis] / 2
            assert abs(pixel - middle) <= field.stride[axis] / 2 + 1.5
        seen.append(_shown(explorer, oracle))
    for before, after in zip(seen, seen[1:], strict=False):
        assert all(old != new for old, new in zip(before, after, strict=True))


def _shown(explorer: ShownExplorer, oracle: Oracle) -> tuple[object, ...]:
    """Check what is drawn of the chosen neuron, and return it."""
    neuron = oracle.neuron(explorer.neuron)
    pictures = [explorer.pixels(code) for code in CODES]
    for code, picture in zip(CODES, pictures, strict=True):
        oracle.assert_drawn(neuron, code, *picture)
    assert f"neuron {neuron.channel} at ({neuron.y}, {neuron.x})" in explorer.status
    return explorer.neuron, explorer.status, *pictures


def test_thirty_clicks_in_a_second_end_on_the_last(explorer: ShownExplorer, oracle: Oracle) -> None:
    order = oracle.strongest_channels("features.21")
    columns = explorer.atlas_columns
    points = [explorer.tile_point(n // 5 % 4, n % 5, 0.1 + 0.02 * n, 0.5) for n in range(30)]
    started = explorer.now()
    for point in points:
        explorer.page.mouse.click(*point)
    assert explorer.now() - started < 1500
    explorer.settle()
    neuron = oracle.neuron(explorer.neuron)
    assert neuron.channel == order[29 // 5 % 4 * columns + 29 % 5]
    explorer.page.wait_for_timeout(700)  # nothing older comes after it
    assert oracle.neuron(explorer.neuron) == neuron
    for code in CODES:
        oracle.assert_drawn(neuron, code, *explorer.pixels(code))


def test_another_layer_shows_its_own_maps(explorer: ShownExplorer, oracle: Oracle) -> None:
    before = explorer.shown
    explorer.root.locator('.dcs-layer[data-layer="features.14"]').click()
    explorer.answered(before)
    neuron = oracle.neuron(explorer.neuron)
    assert neuron == oracle.recording.resolve(ds.Strongest("features.14"))
    for code in CODES:
        oracle.assert_drawn(neuron, code, *explorer.pixels(code))


def test_a_click_reaches_the_screen_in_a_quarter_of_a_second(explorer: ShownExplorer) -> None:
    explorer.time_clicks()
    for number in range(12):
        explorer.click_tile(number % 3, number % 5, 0.3 + 0.04 * number, 0.5)
    taken = explorer.click_times()
    kernel = explorer.root.locator(".dcs-cost").inner_text()
    print(
        f"\nclick at conv4_3, mouse to pixels: median {statistics.median(taken):.0f} ms, "
        f"{min(taken):.0f}–{max(taken):.0f} ms over {len(taken)} clicks; last in the kernel: {kernel}"
    )
    assert len(taken) == 12
    assert min(taken) < 250
