"""One display of an explorer, as a person meets it: what is drawn, written and clicked."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page

from .patience import PATIENCE, wait
from .picture_files import PictureFile

ATLAS = ".dcs-atlas canvas"
TILE_GAP, TILE_MARGIN = 5, 4
"""Pixels between the atlas's tiles and around them."""


@dataclass(frozen=True)
class ShownExplorer:
    """One display of an explorer."""

    page: Page
    root: Locator

    def attribute(self, name: str) -> str:
        """Return a data attribute of the root."""
        return self.root.get_attribute(f"data-{name}") or ""

    def wait_for_attribute(self, name: str, value: str) -> None:
        """Wait until a data attribute of the root has a value."""
        self.wait(lambda: self.attribute(name) == value, f"{name} {value}")

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
        self.next_frame()  # what was done just now is told in the frame after it
        wait(self.page, self._is_settled, "a settled view")

    def _is_settled(self) -> bool:
        # Where a kernel is taken to be gone, an answer may still come
        told = self.root.evaluate(
            "root => [root.dataset.neuron, root.dataset.busy, root.dataset.kernel]"
        )
        return bool(told[0]) and told[1:] == ["false", None]

    def click(self, selector: str, x: float, y: float) -> None:
        """Click at a fraction of an element's width and height, and wait for the answer."""
        before = self.shown
        box = self.box(selector)
        self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        self.answered(before)

    def choose_network(self, name: str) -> None:
        """Choose a network in the list; it is on its way when this returns."""
        self.root.get_by_role("combobox", name="network").select_option(name)
        self.next_frame()

    def assert_not_asked(self, before: tuple[str, ...]) -> None:
        """Check that nothing was asked of the kernel since `before`, by what was done just now."""
        self.next_frame()  # a wish is told in the frame after it was made
        assert self.attribute("busy") == "false"
        assert self.shown == before

    def wait_for_meters(self) -> None:
        """Wait until each picture was compared with as many others as there are to be."""
        meters = self.root.locator(".dcs-meter")
        self.wait(
            lambda: all("of 12" in text for text in meters.all_inner_texts()), "the meters' samples"
        )

    @property
    def shown(self) -> tuple[str, ...]:
        """What changes with an answer: its number, which Python and browser count apart, and what it shows."""
        told = self.root.evaluate(
            """root => [
                root.dataset.seq, root.dataset.neuron, root.querySelector(".dcs-models").value,
                ...root.querySelectorAll(".dcs-images [aria-checked=true]"),
                ...root.querySelectorAll(".dcs-panel canvas[data-code]"),
            ].map(one => one?.dataset?.code ?? one?.title ?? one ?? "")"""
        )
        return tuple(map(str, told))

    def answered(self, before: tuple[str, ...]) -> None:
        """Wait for another view than the one shown before."""
        self.wait(lambda: self.shown != before, "an answer")
        self.settle()

    def wait(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Look again and again until a condition holds."""
        wait(self.page, condition, what, patience)

    @property
    def atlas_columns(self) -> int:
        """How many tiles stand in a row."""
        return int(self.root.locator(ATLAS).get_attribute("data-columns") or 0)

    def choose(
        self, file: PictureFile, press: Callable[[Locator], None] = lambda button: button.click()
    ) -> None:
        """Open a picture by the button, pressed as a person does."""
        with self.page.expect_file_chooser() as chooser:
            press(self.root.get_by_role("button", name="Open…"))
        chooser.value.set_files({"name": file.name, "mimeType": file.kind, "buffer": file.content})

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

    def come_to_rest(self) -> None:
        """Wait until it stays where it is: programs scroll smoothly to what was run."""
        self.box(ATLAS)
        places = [self.box_of_root()]

        def rests() -> bool:
            self.next_frame()
            self.next_frame()
            places.append(self.box_of_root())
            return places[-1] == places[-2] == places[max(0, len(places) - 3)]

        self.wait(rests, "it to rest")

    def pixels(self, code: str) -> tuple[int, int, bytes]:
        """Return (height, width, RGBA bytes) of a drawn picture."""
        return self.drawn(f'canvas[data-code="{code}"]')

    def drawn(self, selector: str) -> tuple[int, int, bytes]:
        """Return (height, width, RGBA bytes) of what is drawn on a canvas."""
        drawn = self.root.locator(selector).first.evaluate(
            """canvas => {
                const {width, height} = canvas;
                const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
                let text = "";
                for (let at = 0; at < data.length; at += 32768)
                    text += String.fromCharCode(...data.subarray(at, at + 32768));
                return [height, width, btoa(text)];
            }"""
        )
        return drawn[0], drawn[1], b64decode(drawn[2])

    def press(self, *keys: str) -> None:
        """Press keys one after another, each answered by a new view."""
        for key in keys:
            before = self.shown
            self.page.keyboard.press(key)
            self.answered(before)

    def focus(self) -> None:
        """Give the explorer the focus as Tab does, without a pointer."""
        self.root.focus()

    @property
    def focused(self) -> str:
        """What has the focus, as a screen reader names it; empty where it is outside."""
        return str(
            self.root.evaluate(
                """root => {
                    const at = root.getRootNode().activeElement;
                    if (at === null || !root.contains(at)) return "";
                    return at.getAttribute("aria-label") ?? at.textContent.trim();
                }"""
            )
        )

    def point(self, x: float, y: float) -> None:
        """Move the pointer, and wait until what it does is on the screen."""
        self.page.mouse.move(x, y)
        self.next_frame()

    def point_away(self) -> None:
        """Move the pointer off the explorer, and wait until nothing is pointed at."""
        self.point(2, 2)

    def rest(self, milliseconds: float) -> None:
        """Leave the pointer where it is, by the page's clock: its timers that end earlier have ended."""
        self.root.evaluate("(_, time) => new Promise(done => setTimeout(done, time))", milliseconds)

    def next_frame(self) -> None:
        """Wait until what was changed is on the screen."""
        self.root.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    @property
    def tooltip(self) -> str:
        """The line beside the pointer; empty where there is none."""
        tooltip = self.root.locator(".dcs-tooltip")
        return str(tooltip.inner_text()) if tooltip.is_visible() else ""

    def look(self, selector: str | None = None, margin: float = 0) -> Image.Image:
        """Return what the screen shows of an element, or of the whole explorer."""
        target = self.root if selector is None else self.root.locator(selector).first
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box is not None
        clip = {
            "x": max(0, box["x"] - margin),
            "y": max(0, box["y"] - margin),
            "width": box["width"] + 2 * margin,
            "height": box["height"] + 2 * margin,
        }
        taken = self.page.screenshot(clip=clip)  # type: ignore[arg-type]
        return Image.open(io.BytesIO(taken)).convert("RGB")
