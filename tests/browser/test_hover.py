"""What the pointer rests on is told at once, in the browser alone."""

from __future__ import annotations

import re
from base64 import b64decode

import numpy as np
import pytest

from .hosts import IN_LAB
from .notebook import Notebook
from .oracle import Oracle
from .shown_explorer import ATLAS, ShownExplorer

pytestmark = pytest.mark.browser

MAP = ".dcs-image canvas"
CODES = ("FTT", "saliency", "TTT")


def test_the_atlas_tells_channel_place_and_value_under_the_pointer(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    before = explorer.shown
    for row, column, down, across in ((0, 2, 0.3, 0.7), (2, 1, 0.6, 0.2)):
        explorer.point(*explorer.tile_point(row, column, down, across))
        told = re.match(r"(\d+) at \((\d+), (\d+)\) ≈ ([−\d.e+]+)", explorer.tooltip)
        assert told is not None, explorer.tooltip
        channel, y, x = map(int, told.groups()[:3])
        maps = oracle.recording["features.14"]
        order = oracle.strongest_channels("features.14")
        assert channel == order[row * explorer.atlas_columns + column]
        assert abs(y + 0.5 - down * 56) < 2.5
        assert abs(x + 0.5 - across * 56) < 2.5
        extent = maps[channel].abs().max()
        # the thumbnail's byte, and two figures of it
        near = maps[channel, max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
        value = float(told[4].replace("−", "-"))
        assert near.min() - 0.06 * extent <= value <= near.max() + 0.06 * extent
    assert explorer.shown == before
    explorer.page.mouse.move(2, 2)
    explorer.wait(lambda: explorer.tooltip == "", "the tooltip to go")


def test_the_big_map_tells_the_value_and_marks_the_field(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    channel = oracle.neuron(explorer.neuron).channel
    before, shown = explorer.drawn(MAP), explorer.shown
    box = explorer.box(MAP)
    explorer.page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.3 * box["height"])
    explorer.wait(lambda: explorer.tooltip != "", "the tooltip")
    told = re.match(r"\((\d+), (\d+)\) = ([−\d.e+]+)", explorer.tooltip)
    assert told is not None, explorer.tooltip
    value = float(oracle.recording["features.14"][channel, int(told[1]), int(told[2])])
    assert float(told[3].replace("−", "-")) == pytest.approx(value, rel=0.01, abs=1)
    explorer.next_frame()
    assert explorer.drawn(MAP) != before  # the marker and the field's box moved
    explorer.page.mouse.move(2, 2)
    explorer.wait(lambda: explorer.drawn(MAP) == before, "the marker to go")
    assert explorer.shown == shown


def test_one_cursor_reads_the_values_of_all_pictures(
    explorer: ShownExplorer, oracle: Oracle
) -> None:
    picture = explorer.box('canvas[data-code="TTT"]')
    down, across = 0.42, 0.61
    explorer.page.mouse.move(
        picture["x"] + across * picture["width"], picture["y"] + down * picture["height"]
    )
    panels = explorer.root.locator(".dcs-panel")
    cursors = panels.locator(".dcs-cursor")
    explorer.wait(lambda: cursors.first.is_visible(), "the cursor")
    places = cursors.evaluate_all("all => all.map(one => [one.style.top, one.style.left])")
    assert len({tuple(place) for place in places}) == 1
    neuron = oracle.neuron(explorer.neuron)
    for number, code in enumerate(CODES):
        reversed_ = oracle.recording.reverse(neuron, code)
        text = panels.nth(number).locator(".dcs-reading").inner_text()
        read = [
            float(part.replace("−", "-")) for part in re.findall(r"[+−]?[\d.]+(?:e[+−]?\d+)?", text)
        ]
        y = int(down * reversed_.window.height)
        x = int(across * reversed_.window.width)
        values = reversed_.values[0].numpy()
        scale = np.abs(values).max()
        near = [
            np.abs(values[:, a, b] - np.array(read)).max()
            for a in range(y - 1, y + 2)
            for b in range(x - 1, x + 2)
        ]
        assert min(near) < 0.02 * scale


def test_nothing_is_left_where_the_pointer_left(explorer: ShownExplorer) -> None:
    def seen() -> tuple[object, ...]:
        titles = explorer.root.locator(".dcs-title").all_inner_texts()
        return explorer.tooltip, *titles, *map(explorer.drawn, (ATLAS, MAP))

    box = explorer.box(ATLAS)
    explorer.point_away()
    before = seen()
    explorer.point(box["x"] + 60, box["y"] + 60)
    assert explorer.tooltip != ""
    assert all(now != then for now, then in zip(seen()[-2:], before[-2:], strict=True))
    explorer.page.mouse.move(2, 2)
    explorer.wait(lambda: seen() == before, "nothing to be left")
    assert not explorer.root.locator(".dcs-cursor").first.is_visible()


@IN_LAB
def test_the_kernel_hears_of_a_resting_pointer_only_while_it_may_compute_ahead(
    notebook: Notebook, explorer: ShownExplorer
) -> None:
    heard: list[str] = []
    tools = notebook.page.context.new_cdp_session(notebook.page)
    tools.on(
        "Network.webSocketFrameSent",
        lambda sent: heard.append(str(b64decode(sent["response"]["payloadData"]))),
    )
    tools.send("Network.enable")
    ahead = explorer.root.get_by_role("checkbox", name="compute ahead")
    assert ahead.is_checked()
    _rest_on_tiles(explorer)
    explorer.wait(lambda: any("_hover" in message for message in heard), "the kernel to hear of it")
    ahead.click()
    explorer.wait(lambda: not ahead.is_checked(), "it to be off")
    assert notebook.answer(2, "str(ex.prefetch)").endswith("False'")
    heard.clear()
    _rest_on_tiles(explorer)
    explorer.click_tile(1, 2, 0.5, 0.5)
    assert any("_query" in message for message in heard)
    assert not any("_hover" in message for message in heard)
    tools.detach()
    notebook.write(2, "ex.prefetch = True")
    notebook.run(2)
    explorer.wait(ahead.is_checked, "what Python set")


def _rest_on_tiles(explorer: ShownExplorer) -> None:
    explorer.come_to_rest()
    for column in (1, 2):
        explorer.point(*explorer.tile_point(1, column, 0.5, 0.5))
        explorer.rest(400)  # longer than it takes until the kernel is to hear of it
