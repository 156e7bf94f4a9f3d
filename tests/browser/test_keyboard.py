"""Everything is reached and done with the keyboard alone, and one sees where one is."""

from __future__ import annotations

import re

import numpy as np
import pytest

import deconvscope as ds

from .hosts import IN_EVERY_HOST
from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

LAYER = "features.14"
STOPS = (
    "network",
    "Chelsea, a cat",
    "address of this place",
    "copy the address",
    "keys and help",
    "conv3_3",
    "photograph under the map",
    "find a channel by its number",
    "order of the channels",
    "paper",
    "scale of the pictures",
    "DeConvNet",
    "gain",
    "receptive field",
)
"""What Tab must pass, in this order; others may lie between."""


def _tab_stops(explorer: ShownExplorer, most: int = 80) -> list[str]:
    explorer.focus()
    stops: list[str] = []
    for _ in range(most):
        explorer.page.keyboard.press("Tab")
        name = explorer.focused
        if name == "":
            return stops
        stops.append(name)
    raise AssertionError(f"Tab does not leave: {stops}")


def test_tab_passes_every_control_in_the_order_of_the_screen(explorer: ShownExplorer) -> None:
    stops = _tab_stops(explorer)
    rest = iter(stops)
    for wanted in STOPS:
        assert any(stop.startswith(wanted) for stop in rest), (wanted, stops)


def test_one_sees_where_the_focus_is(explorer: ShownExplorer) -> None:
    explorer.focus()
    unseen = []
    before = np.asarray(explorer.look())
    for _ in range(40):
        explorer.page.keyboard.press("Tab")
        name = explorer.focused
        if name == "":
            break
        explorer.next_frame()
        after = np.asarray(explorer.look())
        if after.shape == before.shape and (after != before).any(-1).sum() < 40:
            unseen.append(name)
        before = after
    assert not unseen


def test_arrows_move_the_neuron_and_stop_at_the_edge(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    start = oracle.neuron(explorer.neuron)
    assert start.y is not None
    assert start.x is not None
    explorer.focus()
    for key, (y, x) in {
        "ArrowRight": (0, 1),
        "ArrowDown": (1, 1),
        "ArrowLeft": (1, 0),
        "ArrowUp": (0, 0),
    }.items():
        explorer.press(key)
        moved = oracle.neuron(explorer.neuron)
        assert moved == ds.Neuron(LAYER, start.channel, start.y + y, start.x + x)
    for _ in range(start.x + 5):
        explorer.page.keyboard.press("ArrowLeft")
    explorer.wait(lambda: explorer.neuron.endswith(f"@{start.y},0"), "the left edge")
    explorer.settle()
    oracle.assert_drawn(oracle.neuron(explorer.neuron), "TTT", *explorer.pixels("TTT"))


@IN_EVERY_HOST
def test_brackets_change_the_channel_commas_the_layer_and_m_finds_the_strongest(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    order = oracle.strongest_channels(LAYER)
    start = oracle.neuron(explorer.neuron)
    explorer.focus()
    explorer.press("]")
    assert oracle.neuron(explorer.neuron) == ds.Neuron(LAYER, order[1], start.y, start.x)
    explorer.press("]")
    explorer.press("[")
    assert oracle.neuron(explorer.neuron).channel == order[1]
    explorer.press("m")
    assert oracle.neuron(explorer.neuron) == oracle.recording.resolve(ds.Strongest(LAYER))
    explorer.press(".")
    assert explorer.neuron.startswith("features.15/")
    explorer.press(",")
    assert explorer.neuron.startswith("features.14/")


def test_the_help_card_opens_over_the_view_and_gives_the_focus_back(
    explorer: ShownExplorer,
) -> None:
    card = explorer.root.get_by_role("dialog", name="keys and help")
    explorer.focus()
    explorer.page.keyboard.press("?")
    card.wait_for()
    for key in ("←", "[", ",", "m", "s", "p"):
        assert card.locator("kbd", has_text=key).count() >= 1, key
    explorer.page.keyboard.press("Escape")
    explorer.wait(lambda: not card.is_visible(), "the card to close")
    assert explorer.focused.startswith("deconvscope explorer")
    explorer.root.get_by_role("button", name="keys and help").focus()
    explorer.page.keyboard.press("Enter")
    card.wait_for()
    explorer.page.keyboard.press("Escape")
    explorer.wait(lambda: not card.is_visible(), "the card to close")


def test_controls_obey_their_own_keys(explorer: ShownExplorer) -> None:
    before = explorer.shown
    gain = explorer.root.get_by_role("slider", name="gain")
    gain.focus()
    for _ in range(3):
        explorer.page.keyboard.press("ArrowRight")
    explorer.wait(lambda: float(gain.input_value()) == pytest.approx(0.3), "the gain")
    modes = explorer.root.get_by_role("radiogroup", name="display of the pictures")
    modes.get_by_role("radio").first.focus()
    explorer.page.keyboard.press("ArrowRight")
    assert explorer.focused.startswith("signed")
    chosen = modes.locator("[aria-checked=true]")
    explorer.wait(lambda: chosen.inner_text() == "signed", "the mode")
    assert explorer.shown == before
    explorer.root.get_by_role("group", name="architectures").get_by_role("button").nth(2).focus()
    explorer.page.keyboard.press("Enter")
    explorer.answered(before)
    assert explorer.root.locator(".dcs-panel canvas[data-code]").count() == 2


def test_the_atlas_is_walked_with_arrows(explorer: ShownExplorer, oracle: Oracle) -> None:
    order = oracle.strongest_channels(LAYER)
    explorer.root.locator(".dcs-atlas canvas").focus()
    for key in ("ArrowRight", "ArrowDown"):
        explorer.page.keyboard.press(key)
    explorer.next_frame()
    told = explorer.root.locator(".dcs-atlas [aria-live]").inner_text()
    channel = order[explorer.atlas_columns + 1]
    assert f"channel {channel}" in told
    explorer.press("Enter")
    assert oracle.neuron(explorer.neuron) == oracle.recording.resolve(
        ds.Strongest(LAYER, channel=channel)
    )


def test_photographs_layers_and_classes_are_chosen_with_arrows(
    notebook: Notebook, explorer: ShownExplorer
) -> None:
    before = explorer.shown
    explorer.root.get_by_role("radio", name="Chelsea").focus()
    explorer.page.keyboard.press("ArrowRight")
    explorer.answered(before)
    chosen = explorer.root.locator(".dcs-images [aria-checked=true]")
    assert "Chelsea" not in (chosen.get_attribute("aria-label") or "Chelsea")
    before = explorer.shown
    explorer.root.locator(f'.dcs-layer[data-layer="{LAYER}"]').focus()
    explorer.page.keyboard.press("ArrowRight")
    explorer.answered(before)
    assert explorer.neuron.startswith("features.15/")
    classes = notebook.show("ds.Explorer('mobilenet_v2', layer='classifier.1')")
    before, first = classes.shown, classes.neuron
    classes.root.locator(".dcs-classes [aria-checked=true]").focus()
    classes.page.keyboard.press("ArrowDown")
    classes.answered(before)
    assert classes.neuron != first


def test_the_cursor_over_the_pictures_is_moved_with_arrows(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    before = explorer.shown
    explorer.root.locator(".dcs-panels").focus()
    cursor = explorer.root.locator(".dcs-cursor").first
    explorer.wait(cursor.is_visible, "the cursor")
    places = [cursor.bounding_box()]
    for key in ("ArrowRight", "Shift+ArrowDown"):
        explorer.page.keyboard.press(key)
        explorer.wait(lambda: cursor.bounding_box() != places[-1], "the cursor to move")
        places.append(cursor.bounding_box())
    told = explorer.root.locator(".dcs-reconstructions [aria-live]").inner_text()
    row, column = map(int, re.findall(r"\d+", told)[:2])
    picture = oracle.recording.reverse(oracle.neuron(explorer.neuron), "FTT")
    values = picture.values[0, :, row - picture.window.top, column - picture.window.left]
    read = re.findall(r"[+−]?\d[\d.]*(?:e[+−]?\d+)?", told)[2:5]
    near = [float(one.replace("−", "-")) for one in read]
    assert near == pytest.approx(values.tolist(), abs=0.02 * float(picture.values.abs().max()))
    explorer.assert_not_asked(before)


def test_typing_in_a_field_is_typing(explorer: ShownExplorer) -> None:
    before = explorer.shown
    field = explorer.root.get_by_role("textbox", name="address of this place")
    field.fill("")
    field.focus()
    for key in ("m", "[", "?", ",", "p", "s", "."):
        explorer.page.keyboard.press(key)
    assert field.input_value() == "m[?,ps."
    explorer.assert_not_asked(before)
    explorer.page.keyboard.press("Escape")
    assert explorer.neuron in field.input_value()
