"""An exported page in a browser that is not connected to anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

import deconvscope as ds

PATIENCE = 60_000
SETTLED = ".dcs-root[data-seq][data-busy=false]"
READ_PIXELS = """canvas => {
    const {width, height} = canvas;
    const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
    return [height, width, Array.from(data)];
}"""


@dataclass
class OpenedPage:
    """The page, what it asked of the network, and what went wrong in it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, path: Path, theme: Any = "light", behind: str = "") -> OpenedPage:
        """Open a page from its file, with networking off; `behind` is what its URL ends with."""
        context = browser.new_context(
            viewport={"width": 1400, "height": 1000}, offline=True, color_scheme=theme
        )
        context.set_default_timeout(PATIENCE)
        opened = cls(context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on("console", opened._said)
        opened.page.goto(path.as_uri() + behind)
        opened.page.wait_for_selector(SETTLED, timeout=PATIENCE)
        return opened

    def _said(self, line: ConsoleMessage) -> None:
        if line.type == "error":  # such as a request that the page's policy refused
            self.errors.append(line.text)

    def close(self) -> None:
        """Leave the page; it must have asked for nothing but itself, and complained of nothing."""
        self.page.context.close()
        assert [url for url in self.requests if not url.startswith(("file:", "data:"))] == []
        assert len([url for url in self.requests if url.startswith("file:")]) == 1
        assert not self.errors, self.errors

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Look again until a condition holds; the page's policy lets Playwright evaluate none there."""
        for _ in range(PATIENCE // 20):
            if condition():
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"waited in vain for {what}")

    def changes(self, before: str) -> None:
        """Wait until another neuron is drawn than before."""
        self.until(lambda: self.neuron() != before, "another neuron")

    def root(self, number: int = 0) -> Locator:
        """Return an explorer of the page."""
        return self.page.locator(".dcs-root").nth(number)

    def neuron(self, number: int = 0) -> str:
        """Return what an explorer shows, as layer/channel@y,x."""
        return self.root(number).get_attribute("data-neuron") or ""

    def notice(self, number: int = 0) -> str:
        """Return the line under an explorer."""
        return str(self.page.locator(".dcp-notice").nth(number).inner_text())

    def go(self, address: str, number: int = 0) -> None:
        """Go to an address by the explorer's own field."""
        place = self.root(number).locator(".dcs-address")
        place.fill(address)
        place.press("Enter")

    def shows(self, neuron: str, number: int = 0) -> None:
        """Wait until an explorer shows a neuron."""
        self.root(number).and_(
            self.page.locator(f'[data-neuron="{neuron}"][data-busy=false]')
        ).wait_for(timeout=PATIENCE)

    def pixels(self, code: str, number: int = 0) -> NDArray[np.int64]:
        """Return the pixels (h,w,3) of a picture."""
        canvas = self.root(number).locator(f'canvas[data-code="{code}"]')
        height, width, values = canvas.evaluate(READ_PIXELS)
        return np.array(values).reshape(height, width, 4)[..., :3]


def drawn_by_a_kernel(recording: ds.Recording, neuron: ds.Neuron, code: str) -> NDArray[np.int64]:
    """Return the pixels (h,w,3) that a connected explorer draws in the paper's display."""
    picture = recording.reverse(neuron, code)
    companded, scale = ds.display.compand(picture.values[0])
    values = ds.display.expand(companded, scale).astype(np.float64)
    q = ds.display.paper_scale(picture.dense()[0])
    levels = 255 / (1 + np.exp(-np.log(99) * values / q)) if q > 0 else np.full(values.shape, 127.5)
    return np.moveaxis(np.floor(levels + 0.5), 0, -1).astype(np.int64)
