"""A notebook open in JupyterLab, and the explorers in it, as a person meets them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page

from .jupyter_lab import JupyterLab

ATLAS = ".dcs-atlas canvas"
TILE_GAP, TILE_MARGIN = 5, 4
"""Pixels between the atlas's tiles and around them."""

PATIENCE = 40_000
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
        # JupyterLab drops what is run before it has heard of the kernel
        self.page.get_by_text("| Idle").wait_for(timeout=PATIENCE)
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

    def frame(self, cell: int) -> Any:
        """Return where a cell's output is on the page."""
        area = self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-OutputArea")
        return area.bounding_box()

    def save(self) -> None:
        """Save with the keyboard, and wait until the notebook is written."""
        self.page.keyboard.press("Control+s")
        dirty = self.page.locator(".jp-mod-dirty")
        self.wait(lambda: dirty.count() == 0, "the notebook to be saved")

    def use_theme(self, theme: str) -> None:
        """Change JupyterLab's theme, as its Settings menu does."""
        self.page.get_by_role("menuitem", name="Settings", exact=True).click()
        self.page.locator(".lm-Menu-item", has_text="Theme").first.hover()
        self.page.locator(".lm-Menu-item", has_text=theme).first.click()
        self.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=PATIENCE)

    def left_alive(self) -> tuple[int, int]:
        """Return what outlives a collection of garbage.

        Returns:
            How many roots of explorers there are, on the page or held by some listener, and how many
            listeners hang on the window, the document and the body.
        """
        tools = self.page.context.new_cdp_session(self.page)
        for _ in range(2):
            tools.send("HeapProfiler.collectGarbage")
            self.page.wait_for_timeout(200)

        def evaluated(expression: str) -> str:
            result = tools.send("Runtime.evaluate", {"expression": expression})["result"]
            return str(result["objectId"])

        elements = tools.send(
            "Runtime.queryObjects", {"prototypeObjectId": evaluated("HTMLElement.prototype")}
        )["objects"]
        # HTMLElement's prototypes are among them, and have no class list
        count = """function() {
            return this.filter(e => e instanceof HTMLDivElement && e.isConnected !== undefined
                && e.constructor.prototype !== e && e.classList.contains('dcs-root')).length;
        }"""
        roots = tools.send(
            "Runtime.callFunctionOn",
            {"objectId": elements["objectId"], "functionDeclaration": count},
        )["result"]["value"]
        listeners = sum(
            len(
                tools.send("DOMDebugger.getEventListeners", {"objectId": evaluated(target)})[
                    "listeners"
                ]
            )
            for target in ("window", "document", "document.body")
        )
        tools.detach()
        return int(roots), listeners

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
        before = self.shown
        box = self.box(selector)
        self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        self.answered(before)

    @property
    def shown(self) -> tuple[str, str]:
        """What changes with each answer: its number, which Python and browser count apart, and place."""
        return self.attribute("seq"), self.neuron

    def answered(self, before: tuple[str, str]) -> None:
        """Wait for another view than the one shown before."""
        self.wait(lambda: self.shown != before, "an answer")
        self.settle()

    def wait(self, condition: Any, what: str, patience: float = PATIENCE) -> None:
        """Look again and again until a condition holds."""
        wait(self.page, condition, what, patience)

    @property
    def atlas_columns(self) -> int:
        """How many tiles stand in a row."""
        return int(self.root.locator(ATLAS).get_attribute("data-columns") or 0)

    def tile_point(self, row: int, column: int, down: float, across: float) -> tuple[float, float]:
        """Return the point of the page at fractions of an atlas tile."""
        box = self.box(ATLAS)
        pitch = (box["width"] - 2 * TILE_MARGIN + TILE_GAP) / self.atlas_columns
        side = pitch - TILE_GAP
        return (
            box["x"] + TILE_MARGIN + column * pitch + across * side,
            box["y"] + TILE_MARGIN + row * pitch + down * side,
        )

    def click_tile(self, row: int, column: int, down: float, across: float) -> None:
        """Click at fractions of an atlas tile, and wait for the answer."""
        before = self.shown
        self.page.mouse.click(*self.tile_point(row, column, down, across))
        self.answered(before)

    def now(self) -> float:
        """Return the page's clock in milliseconds."""
        return float(self.page.evaluate("performance.now()"))

    def time_clicks(self) -> None:
        """Begin to note, for each click, when its view was on the screen."""
        self.root.evaluate(
            """root => {
                window.clickTimes = [];
                let pressed = null;
                root.addEventListener("pointerdown", event => { pressed = event.timeStamp; }, true);
                new MutationObserver(() => {
                    const from = pressed;
                    if (from === null) return;
                    pressed = null;
                    // the frame that shows what was drawn begins with the next one's callbacks
                    requestAnimationFrame(() => requestAnimationFrame(
                        time => window.clickTimes.push(time - from)));
                }).observe(root, {attributes: true, attributeFilter: ["data-seq", "data-neuron"]});
            }"""
        )

    def click_times(self) -> list[float]:
        """Return the milliseconds from mouse to pixels of each click since `time_clicks`."""
        self.page.wait_for_timeout(100)
        return [float(taken) for taken in self.page.evaluate("window.clickTimes")]

    def colours(self, selector: str) -> int:
        """Return how many colours are drawn on a canvas."""
        return int(
            self.root.locator(selector).first.evaluate(
                """canvas => {
                    const {width, height} = canvas;
                    const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
                    return new Set(new Uint32Array(data.buffer)).size;
                }"""
            )
        )

    def box_of_root(self) -> Any:
        """Return where the explorer is on the page."""
        return self.root.bounding_box()

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
