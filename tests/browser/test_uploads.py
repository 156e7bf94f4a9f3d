"""A person's own pictures, by file chooser, drop and paste: every usual format, and a clear line for the rest."""

from __future__ import annotations

from base64 import b64encode
from functools import partial

import numpy as np
import pytest
from playwright.sync_api import Locator

from . import picture_files
from .hosts import NAMES, Host
from .picture_files import PictureFile
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

FILE = """([name, kind, content]) => {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, {type: kind}));
    return transfer;
}"""


def _drop(explorer: ShownExplorer, file: PictureFile) -> None:
    content = b64encode(file.content).decode()
    transfer = explorer.page.evaluate_handle(FILE, [file.name, file.kind, content])
    for event in ("dragenter", "dragover", "drop"):
        explorer.root.locator(".dcs-image canvas").dispatch_event(event, {"dataTransfer": transfer})


def _paste(explorer: ShownExplorer, file: PictureFile) -> None:
    explorer.page.evaluate(
        """async content => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const item = new ClipboardItem({"image/png": new Blob([bytes], {type: "image/png"})});
            await navigator.clipboard.write([item]);
        }""",
        b64encode(file.content).decode(),
    )
    explorer.focus()
    explorer.page.keyboard.press("Control+v")


def _assert_shows(explorer: ShownExplorer, file: PictureFile) -> None:
    """Check the colours of the four quadrants where the photograph is, the map faded out."""
    slider = explorer.root.get_by_role("slider", name="photograph under the map")
    slider.fill("1")
    explorer.point_away()
    shown = np.asarray(explorer.look(".dcs-image canvas").resize((200, 200)))
    for colour, (y, x) in zip(
        file.shows, ((50, 50), (50, 150), (150, 50), (150, 150)), strict=True
    ):
        middle = np.median(shown[y - 20 : y + 20, x - 20 : x + 20].reshape(-1, 3), axis=0)
        assert np.abs(middle - colour).max() < 40, (file.name, middle, colour)


def test_every_usual_format_is_opened_upright_and_in_its_colours(
    explorer: ShownExplorer, host: Host
) -> None:
    files = picture_files.good()
    for file in files if host.name == "lab" else files[::4]:  # the browser decodes, not the program
        before = explorer.shown
        explorer.choose(file)
        explorer.answered(before)
        _assert_shows(explorer, file)
        assert explorer.root.locator(".dcs-image h3").inner_text() == file.name


def test_what_cannot_be_opened_is_said_and_the_view_stays(explorer: ShownExplorer) -> None:
    before = explorer.shown, explorer.pixels("TTT")
    alert = explorer.root.get_by_role("alert")
    for file in picture_files.bad():
        explorer.choose(file)
        explorer.wait(partial(_says, alert, file), f"a line about {file.name}")
        assert (explorer.shown, explorer.pixels("TTT")) == before
    assert explorer.page.evaluate("window.stranger") is None
    explorer.click_tile(1, 1, 0.5, 0.5)
    assert not alert.is_visible()


@pytest.mark.parametrize(
    ("host", "way"),
    [
        ("lab", _drop),
        *((host, _paste) for host in NAMES),
        *(pytest.param(host, _drop, marks=pytest.mark.slow) for host in NAMES[1:]),
    ],
    indirect=["host"],
)
def test_pictures_are_dropped_and_pasted(explorer: ShownExplorer, way: object) -> None:
    assert callable(way)
    before, file = explorer.shown, picture_files.good()[0]
    way(explorer, file)
    explorer.answered(before)
    _assert_shows(explorer, file)


def _says(alert: Locator, file: PictureFile) -> bool:
    text = alert.inner_text() if alert.is_visible() else ""
    return file.name in text and file.told in text
