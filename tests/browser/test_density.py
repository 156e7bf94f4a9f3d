"""On screens of any density each pixel of a canvas is one of the screen's, also after a window moves to another."""

from __future__ import annotations

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import CDPSession

from .conftest import EXPLORER
from .hosts import IN_LAB
from .notebook import Notebook
from .shown_explorer import ATLAS, ShownExplorer

pytestmark = [pytest.mark.browser, IN_LAB]

CANVASES = (".dcs-image canvas", ATLAS, ".dcs-way-back canvas[data-layer]")
ROUNDED = 6
"""Pixels at a canvas's border that may be under rounded corners."""
CRISP = 9
"""Levels between canvas and screen: less than 7 where only the layout's fractions lie between, else 14 or more."""


def test_canvases_have_the_screen_s_own_pixels(own_notebook: Notebook) -> None:
    explorer = own_notebook.show(EXPLORER)
    tools = own_notebook.page.context.new_cdp_session(own_notebook.page)
    explorer.root.get_by_role("button", name="way back").click()
    step = explorer.root.locator(CANVASES[2])
    explorer.wait(lambda: step.count() > 0, "the way back")
    for ratio in (1.5, 3):
        _move_to_screen(explorer, tools, ratio)
        for canvas in CANVASES:
            box = explorer.box(canvas)
            height, columns, rgba = explorer.drawn(canvas)
            assert height == pytest.approx(ratio * box["height"], abs=0.6), canvas
            assert columns == pytest.approx(ratio * box["width"], abs=0.6), canvas
            if canvas != CANVASES[2]:  # which is small, and fades at its ends
                assert _difference(tools, ratio, box, (height, columns, rgba)) < CRISP, canvas
    _move_to_screen(explorer, tools, 2)


def _move_to_screen(explorer: ShownExplorer, tools: CDPSession, ratio: float) -> None:
    metrics = {"width": 1500, "height": 1150, "deviceScaleFactor": ratio, "mobile": False}
    tools.send("Emulation.setDeviceMetricsOverride", metrics)
    explorer.wait(lambda: explorer.page.evaluate("devicePixelRatio") == ratio, "the other screen")
    explorer.point(*explorer.tile_point(0, 1, 0.5, 0.5))  # no event tells of the other screen
    explorer.point_away()
    explorer.come_to_rest()
    explorer.next_frame()


def _difference(
    tools: CDPSession, ratio: float, box: dict[str, float], drawn: tuple[int, int, bytes]
) -> float:
    """Return the mean difference of a canvas's opaque pixels and the screen's, in levels."""
    height, width, rgba = drawn
    canvas = np.frombuffer(rgba, np.uint8).reshape(height, width, 4).astype(int)
    taken = b64decode(tools.send("Page.captureScreenshot", {"format": "png"})["data"])
    screen = np.asarray(Image.open(io.BytesIO(taken)).convert("RGB")).astype(int)
    inside = slice(ROUNDED, -ROUNDED)
    found = []
    for down in (0, 1):  # which of two pixels a fraction begins at is the browser's choice
        for across in (0, 1):
            top, left = int(box["y"] * ratio) + down, int(box["x"] * ratio) + across
            seen = screen[top : top + height, left : left + width]
            part = canvas[: seen.shape[0], : seen.shape[1]][inside, inside]
            differences = np.abs(seen[inside, inside] - part[..., :3]).max(-1)
            found.append(differences[part[..., 3] == 255].mean())
    return float(min(found))
