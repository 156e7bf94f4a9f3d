"""How an explorer fits its place on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .notebook import Notebook
from .shown_explorer import ShownExplorer

OVERFLOWING = """root => {
    const place = root.getBoundingClientRect();
    const scrolls = one => /auto|scroll/.test(getComputedStyle(one).overflowX);
    const scrolled = one => one !== root && (scrolls(one) || scrolled(one.parentElement));
    const unseen = one => getComputedStyle(one).clipPath !== "none" && one.clientWidth <= 1;
    const isCut = one => {
        const {overflowX, textOverflow} = getComputedStyle(one);
        if (one.clientWidth === 0 || one.scrollWidth <= one.clientWidth + 1) return false;
        return overflowX === "visible" ? one.matches("button, span, b, p, label") : textOverflow !== "ellipsis";
    };
    return [...root.querySelectorAll("*")].filter(one => {
        const {left, right, width} = one.getBoundingClientRect();
        if (width === 0 || unseen(one) || scrolled(one)) return false;
        return isCut(one) || right > place.right + 1 || left < place.left - 1;
    }).map(one => `${one.className} ${one.textContent.slice(0, 60)}`);
}"""
"""Elements beyond the root's sides, and those whose text is cut without an ellipsis, or runs over their own."""


@contextmanager
def room(notebook: Notebook) -> Iterator[None]:
    """Enlarge the page, so that explorers of any width fit."""
    before = notebook.page.viewport_size
    assert before is not None
    notebook.page.set_viewport_size({"width": 2100, "height": 2400})
    try:
        yield
    finally:
        notebook.page.set_viewport_size(before)


def narrow(explorer: ShownExplorer, width: int) -> None:
    """Give an explorer a width, in pixels of the page."""
    explorer.root.evaluate(
        "(root, width) => { root.parentElement.style.width = `${width}px`; }", width
    )
    explorer.wait(lambda: abs(explorer.box_of_root()["width"] - width) <= 2, "the width")
    explorer.next_frame()


def overflowing(explorer: ShownExplorer) -> list[str]:
    """Return what does not fit in its place."""
    return [str(one) for one in explorer.root.evaluate(OVERFLOWING)]
