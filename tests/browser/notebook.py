"""A notebook open in JupyterLab, and the explorers in it, as a person meets them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page

from .jupyter_lab import JupyterLab

PATIENCE = 60_000
"""Milliseconds; a kernel that imports torch beside other work takes its time."""


class Notebook:
    """A notebook in a browser page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address)
        page.locator(".jp-Notebook").wait_for(timeout=PATIENCE)

    @classmethod
    def of(cls, page: Page, lab: JupyterLab, name: str, cells: Sequence[str]) -> Notebook:
        """Write a notebook and open it."""
        return cls(page, lab.write(name, cells))

    def run(self, cell: int) -> None:
        """Run a cell as a person does: click into it, Shift+Enter. Does not wait for its output."""
        self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def output(self, cell: int) -> str:
        """Return a cell's text output, once it has any."""
        shown = self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-OutputArea")
        self.wait(lambda: shown.count() > 0 and shown.inner_text().strip() != "", "an output")
        return str(shown.inner_text()).strip()

    def explorer(self, number: int = 0) -> ShownExplorer:
        """Return an explorer of the page, once it shows its first view."""
        root = self.page.locator(".dcs-root").nth(number)
        root.wait_for(timeout=PATIENCE)
        explorer = ShownExplorer(self.page, root)
        explorer.settle()
        return explorer

    def wait(self, condition: Any, what: str, patience: float = PATIENCE) -> None:
        """Look again and again until a condition holds."""
        wait(self.page, condition, what, patience)


def wait(page: Page, condition: Any, what: str, patience: float = PATIENCE) -> None:
    """Look again and again until a condition holds."""
    until = time.monotonic() + patience / 1000
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience / 1000:.0f} s in vain for {what}")
        page.wait_for_timeout(20)


@dataclass(frozen=True)
class ShownExplorer:
    """One display of an explorer."""

    page: Page
    root: Locator

    def attribute(self, name: str) -> str:
        """Return a data attribute of the root."""
        return self.root.get_attribute(f"data-{name}") or ""

    @property
    def neuron(self) -> str:
        """The neuron drawn, as layer/channel@y,x."""
        return self.attribute("neuron")

    @property
    def status(self) -> str:
        """The status line."""
        return str(self.root.locator(".dcs-status").inner_text())

    def settle(self) -> None:
        """Wait until a view is drawn and nothing is under way."""
        wait(
            self.page,
            lambda: self.neuron != "" and self.attribute("busy") == "false",
            "a settled view",
        )

    def click(self, selector: str, x: float, y: float) -> None:
        """Click at a fraction of an element's width and height, and wait for the answer."""
        before = self.attribute("seq")
        self.click_only(selector, x, y)
        wait(self.page, lambda: self.attribute("seq") != before, "an answer")
        self.settle()

    def click_only(self, selector: str, x: float, y: float) -> None:
        """Click at a fraction of an element's width and height."""
        box = self.box(selector)
        self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])

    def box(self, selector: str) -> Any:
        """Return where an element is on the page."""
        element = self.root.locator(selector).first
        element.scroll_into_view_if_needed()
        return element.bounding_box()

    def pixels(self, code: str) -> tuple[int, int, bytes]:
        """Return (height, width, RGBA bytes) of a drawn picture."""
        drawn = self.root.locator(f'canvas[data-code="{code}"]').evaluate(
            """canvas => {
                const {width, height} = canvas;
                const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
                return [height, width, Array.from(data)];
            }"""
        )
        return drawn[0], drawn[1], bytes(drawn[2])
