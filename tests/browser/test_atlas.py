"""The atlas's order, its search, and the architectures beside it."""

from __future__ import annotations

import pytest
from torch import Tensor

import deconvscope as ds

from .hosts import IN_LAB
from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

LAYER = "features.14"
TILE = 34
"""The side of this layer's tiles in the atlas, whose maps have a side of 56."""


def test_tiles_stand_in_the_chosen_order(explorer: ShownExplorer, oracle: Oracle) -> None:
    maps = oracle.recording[LAYER]
    variances = [float(f"{value:.5g}") for value in maps.var((1, 2), unbiased=False).tolist()]
    orders = {
        "strongest": oracle.strongest_channels(LAYER),
        "variance": sorted(range(len(variances)), key=lambda channel: -variances[channel]),
        "index": list(range(len(variances))),
    }
    for name, order in orders.items():
        explorer.root.get_by_role("combobox", name="order of the channels").select_option(name)
        explorer.next_frame()
        for column in (1, 2):
            explorer.click_tile(1, column, 0.5, 0.5)
            channel = oracle.neuron(explorer.neuron).channel
            assert channel == order[explorer.atlas_columns + column], name


@IN_LAB
def test_tiles_stand_in_the_order_of_what_they_show_here(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    explorer.click_tile(1, 1, 0.55, 0.45)
    neuron = oracle.neuron(explorer.neuron)
    assert neuron.y is not None
    assert neuron.x is not None
    here = _shown_at(oracle.recording[LAYER], neuron.y, neuron.x)
    step = float(oracle.recording[LAYER].abs().max()) / 127
    explorer.root.get_by_role("combobox", name="order of the channels").select_option("here")
    explorer.next_frame()
    channels = []
    for column in range(5):
        explorer.point(*explorer.tile_point(0, column, 0.5, 0.5))
        channels.append(int(explorer.tooltip.split()[0]))
    values = here[channels]
    assert values[0] >= here.max() - step
    assert (values.diff() <= step).all()
    assert values.min() >= here.sort(descending=True).values[len(channels)] - step
    assert len(set(channels)) == len(channels)


def _shown_at(maps: Tensor, y: int, x: int) -> Tensor:
    """Return for each channel what its tile shows of a place: the strongest value of those it stands for."""
    places = maps.shape[1]
    rows, columns = (
        slice(cell * places // TILE, -(-(cell + 1) * places // TILE))
        for cell in (y * TILE // places, x * TILE // places)
    )
    near = maps[:, rows, columns].flatten(1)
    return near.gather(1, near.abs().argmax(1, keepdim=True))[:, 0]


def test_a_channel_is_found_by_its_number(explorer: ShownExplorer, oracle: Oracle) -> None:
    field = explorer.root.get_by_role("textbox", name="find a channel by its number")
    field.fill("17")
    explorer.press("Enter")
    assert oracle.neuron(explorer.neuron) == oracle.recording.resolve(
        ds.Strongest(LAYER, channel=17)
    )
    before = explorer.shown
    field.fill("256")  # the layer has 0 to 255
    explorer.page.keyboard.press("Enter")
    explorer.wait(lambda: field.get_attribute("aria-invalid") is not None, "the refusal")
    explorer.assert_not_asked(before)


def test_any_of_the_eight_architectures_is_shown_and_taken_away(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    chips = explorer.root.get_by_role("group", name="architectures")
    neuron = oracle.neuron(explorer.neuron)
    before = explorer.shown
    chips.get_by_role("button", name="TFF").click()
    explorer.answered(before)
    oracle.assert_drawn(neuron, "TFF", *explorer.pixels("TFF"))
    before = explorer.shown
    chips.get_by_role("button", name="DeSaliNet").click()
    explorer.answered(before)
    shown = explorer.root.locator(".dcs-panel canvas[data-code]")
    codes = shown.evaluate_all("all => all.map(one => one.dataset.code)")
    assert [code for code in codes if code] == ["FTT", "saliency", "TFF"]


def test_python_knows_what_was_clicked(notebook: Notebook, explorer: ShownExplorer) -> None:
    explorer.click_tile(1, 1, 0.4, 0.4)
    layer, place = explorer.neuron.split("/")
    channel, position = place.split("@")
    y, x = position.split(",")
    told = notebook.answer(2, "f'{ex.neuron} {ex.address}'")
    assert f"channel={channel}, y={y}, x={x}" in told
    assert layer in told
    address = explorer.root.get_by_role("textbox", name="address of this place").input_value()
    assert address in told
