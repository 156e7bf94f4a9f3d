"""Opens all that can stand beside the pictures."""

from __future__ import annotations

from .patience import PATIENCE
from .shown_explorer import ShownExplorer

OPENED = (
    "canvas[data-random]",
    "canvas[data-edges]",
    ".dcs-way-back canvas[data-layer]",
    "canvas[data-segmentation]",
    ".dcs-comparison canvas[data-side]",
)


def open_everything(explorer: ShownExplorer) -> None:
    """Switch on what has a switch, pin two places and compare them; wait until all of it is there."""
    for name in ("random weights", "edges", "way back", "segmentation"):
        explorer.root.get_by_role("button", name=name).click()
    pin_two(explorer)
    for button in explorer.root.locator(".dcs-compare").all():
        button.click()
    for opened in OPENED:
        explorer.root.locator(opened).first.wait_for(timeout=PATIENCE)
    explorer.settle()


def pin_two(explorer: ShownExplorer) -> None:
    """Pin the neuron, and the one at its place in the next channel, by keys."""
    explorer.focus()
    explorer.page.keyboard.press("p")
    explorer.press("]")
    explorer.page.keyboard.press("p")
    pinned = explorer.root.locator(".dcs-pins .dcs-pin")
    explorer.wait(lambda: pinned.count() == 2, "two pins")
