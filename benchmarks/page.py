"""Measure an exported page: time to write it, size, time to the first picture, time of a click.

``python benchmarks/page.py [layer]`` writes the default page of `to_html` (all channels of one layer of VGG-16, three
architectures, 8 MB), opens the file in Chromium without a network, and clicks thirty maps.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from timing import machine, table, write_json

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import deconvscope as ds
from tests.conftest import ARGUMENTS, chromium_program

CLICKS = 30
SETTLED = ".dcs-root[data-seq][data-busy=false]"
WATCH = """
window.drawn = [];
window.clicked = [];
let last = "";
addEventListener("mousedown", event => window.clicked.push(event.timeStamp), true);
new MutationObserver(() => {
    const now = document.querySelector(".dcs-root[data-seq]")?.dataset.neuron ?? "";
    if (now !== last) window.drawn.push(performance.now());
    last = now;
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
"""The root's `data-neuron` changes in the frame that draws the neuron."""


def opened(page: Page, path: Path) -> float:
    """Open a page; return the seconds until its first pictures are drawn."""
    page.goto(path.as_uri())
    page.wait_for_selector(SETTLED)
    return float(page.evaluate("window.drawn[0]")) / 1000


def clicks(page: Page) -> list[float]:
    """Click maps of the atlas in sequence; return the seconds from each mouse-down to its pictures."""
    box = page.locator(".dcs-atlas canvas").bounding_box()
    assert box is not None
    for number in range(CLICKS):
        page.mouse.click(box["x"] + 70 + 45 * (number % 4), box["y"] + 20 + 47 * (number // 4))
        page.wait_for_timeout(250)
    pressed, drawn = page.evaluate("[window.clicked, window.drawn]")
    later = [min((d - p for d in drawn if d > p), default=None) for p in pressed]
    return [delay / 1000 for delay in later if delay is not None]


def main(layer: str = "relu5_3") -> None:
    """Print and write the table."""
    program = chromium_program()
    if program is None:
        sys.exit("no Chromium: apt install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        written = ds.Explorer(layer=layer).to_html(Path(folder) / "page.html")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True)
        context.add_init_script(WATCH)
        page = context.new_page()
        first = [opened(page, written.path) for _ in range(5)]
        each = clicks(page)
        browser.close()
    figures = {
        "neurons": written.neurons,
        "size, MB": round(written.size / 1e6, 2),
        "written in, s": written.seconds,
        "first picture, ms": round(1000 * statistics.median(first)),
        "click, median, ms": round(1000 * statistics.median(each)),
        "click, slowest of " + str(len(each)) + ", ms": round(1000 * max(each)),
    }
    print(f"VGG-16 trunk at {layer}, {machine()}\n")
    print(table(list(figures), [[str(value) for value in figures.values()]]))
    write_json("page", {"machine": machine(), "layer": layer, **figures})


if __name__ == "__main__":
    main(*sys.argv[1:])
