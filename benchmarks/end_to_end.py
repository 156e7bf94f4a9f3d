"""Time a click from mouse-down to drawn pixels in JupyterLab, by stage, and the pointer's marker meanwhile.

``python benchmarks/end_to_end.py [clicks]`` needs Chromium and the requirements of the browser tests. Each row has a
new explorer of the VGG-16 trunk with three architectures; each click is on another tile of the atlas. The kernel logs
when a query arrives, how long the reversal takes and when the answer is sent; the page logs the mouse-down, the
answer's arrival and the end of the frame that shows it.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from timing import machine, table, write_json

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.hosts import Host
from tests.browser.jupyter_server import JupyterServer
from tests.browser.notebook import Notebook
from tests.browser.shown_explorer import ShownExplorer
from tests.conftest import ARGUMENTS, chromium_program

LAYERS = ("conv3_3", "conv4_3", "conv5_3")
STAGES = ("browser → kernel", "reversal", "encoding", "kernel → browser", "drawing")
DRAWN = "before => probe.drawn.some(([, , neuron]) => neuron !== before)"
MOMENTS = """before => [
    probe.down, probe.arrived, probe.drawn.find(([, , neuron]) => neuron !== before)[0],
]"""
HOVERS = 8
"""Movements of the pointer while the kernel computes one click."""

KERNEL = """
import functools, json, time
import deconvscope as ds
from deconvscope.explorer.recorded_image import RecordedImage
stamps = []
def stamped(owner, name, wanted=lambda arguments: True):
    inner = getattr(owner, name)
    @functools.wraps(inner)
    def timed(*arguments, **keywords):
        begun = time.time()
        try:
            return inner(*arguments, **keywords)
        finally:
            if wanted(arguments):
                stamps.append((name, 1e3 * begun, 1e3 * time.time()))
    setattr(owner, name, timed)
stamped(ds.Explorer, "set_state", lambda arguments: "_query" in arguments[1])
stamped(ds.Explorer, "_put", lambda arguments: "_view" in arguments[1])
stamped(RecordedImage, "reversed")
'ready'
"""

PAGE = """
window.probe = {offset: 0, down: 0, moved: 0, sent: [], arrived: [], drawn: []};
const now = () => performance.timeOrigin + performance.now() + probe.offset;
addEventListener("mousedown", ({timeStamp}) => { probe.down = now() - performance.now() + timeStamp; }, true);
addEventListener("pointermove", ({timeStamp}) => { probe.moved = now() - performance.now() + timeStamp; }, true);
window.WebSocket = class extends WebSocket {
    constructor(...parts) {
        super(...parts);
        this.addEventListener("message", ({data}) => {
            if ((data.byteLength ?? data.size ?? 0) > 4000) probe.arrived.push(now());
        });
    }
};
// The page's clock against the system's, by the edges of its milliseconds
probe.calibrate = () => {
    probe.offset = 0;
    let late = -Infinity;
    for (const until = performance.now() + 50; performance.now() < until; ) late = Math.max(late, Date.now() - now());
    probe.offset = late;
};
probe.follow = (root) => {
    new MutationObserver(() => {
        const {seq, neuron, drawn} = root.dataset;
        const frame = new MessageChannel();  // delivers its message once the frame is painted
        frame.port1.onmessage = () => probe.drawn.push([now(), seq, neuron, drawn, probe.moved]);
        frame.port2.postMessage(null);
    }).observe(root, {attributes: true, attributeFilter: ["data-seq", "data-drawn"]});
};
"""


def place(number: int, columns: int) -> tuple[int, int, float, float]:
    """Return a tile's row and column and a place in it, different for each click."""
    return (
        number // columns % 4,
        number % columns,
        0.25 + 0.05 * (number % 11),
        0.7 - 0.04 * (number % 9),
    )


def clicks(notebook: Notebook, layer: str, prefetch: bool, count: int) -> dict[str, list[float]]:
    """Click a number of times; return the milliseconds of each stage and in total."""
    page = notebook.page
    explorer = _shown(notebook, f"ds.Explorer(layer={layer!r}, prefetch={prefetch})")
    found: dict[str, list[float]] = {name: [] for name in (*STAGES, "total")}
    moments = []
    for number in range(count + 2):
        point = explorer.tile_point(*place(number, explorer.atlas_columns))
        page.mouse.move(*point)
        page.wait_for_timeout(700)  # a user's pause, in which prefetch computes the neuron
        before = explorer.neuron
        page.evaluate("probe.arrived.length = probe.drawn.length = 0")
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function(DRAWN, arg=before)
        moments.append(page.evaluate(MOMENTS, before))
    stamps = json.loads(notebook.answer(2, "print(json.dumps(stamps)); stamps.clear()"))
    for down, arrived, drawn in moments[2:]:  # the first two warm up
        inside = [one for one in stamps if down < one[1] < drawn]
        asked = next(begun for name, begun, _ in inside if name == "set_state")
        sent = next(ended for name, _, ended in inside if name == "_put")
        reversal = sum(
            ended - begun for name, begun, ended in inside if name == "reversed" and ended <= sent
        )
        came = max(moment for moment in arrived if moment < drawn)
        parts = (asked - down, reversal, sent - asked - reversal, came - sent, drawn - came)
        for name, part in zip(found, (*parts, drawn - down), strict=True):
            found[name].append(part)
    return found


def hover(notebook: Notebook, rounds: int) -> list[float]:
    """Return the milliseconds from a pointer movement to its marker while a click is computed."""
    page = notebook.page
    explorer = _shown(
        notebook, "ds.Explorer(layer='conv5_3', architectures=ds.EIGHT, prefetch=False)"
    )
    found = []
    for number in range(rounds):
        explorer.settle()
        points = [
            explorer.tile_point(row, column, 0.5, 0.5)
            for row in (0, 1)
            for column in range(HOVERS // 2)
        ]
        page.evaluate("probe.drawn.length = 0")
        page.mouse.click(*explorer.tile_point(*place(number, explorer.atlas_columns)))
        for point in points:
            page.mouse.move(*point)
            page.wait_for_timeout(25)
            moved, drawn, busy = page.evaluate(
                "() => [probe.moved, probe.drawn, document.querySelector('.dcs-root').dataset.busy]"
            )
            if busy != "true":
                break
            shown = [one[0] for one in drawn if one[4] == moved]
            found.append(shown[0] - moved if shown else _late(page, moved))
    return found


def _late(page: Page, moved: float) -> float:
    """Wait for a marker and return its delay in milliseconds."""
    page.wait_for_function("moved => probe.drawn.some(one => one[4] === moved)", arg=moved)
    return float(
        page.evaluate("moved => probe.drawn.find(one => one[4] === moved)[0] - moved", moved)
    )


def _shown(notebook: Notebook, source: str) -> ShownExplorer:
    explorer = notebook.show(source)
    explorer.root.evaluate("root => { probe.calibrate(); probe.follow(root); }")
    return explorer


def main(count: int = 20) -> None:
    """Print and write the tables."""
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        server = JupyterServer(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.callback(server.stop)
        chromium = stack.enter_context(sync_playwright()).chromium
        browser = chromium.launch(executable_path=chromium_program(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1500, "height": 1150})
        page.add_init_script(PAGE)
        notebook = Host.lab(server).open(page, "end_to_end", [KERNEL.strip(), "None", "None"])
        notebook.run(0)
        assert "ready" in notebook.output(0)
        for layer, prefetch in itertools.product(LAYERS, (False, True)):
            measured = clicks(notebook, layer, prefetch, count)
            rows.append({"layer": layer, "hovered": prefetch, **measured})
        marker = hover(notebook, count // 2)
    heads = ["layer", "hovered first", "median, ms", "95 %", *STAGES, "beyond reversal"]
    lines = []
    for row in rows:
        beyond = [total - own for total, own in zip(row["total"], row["reversal"], strict=True)]
        parts = [
            statistics.median(values) for values in (*(row[stage] for stage in STAGES), beyond)
        ]
        ends = [statistics.median(row["total"]), statistics.quantiles(row["total"], n=20)[-1]]
        lines.append(
            [
                row["layer"],
                "yes" if row["hovered"] else "no",
                *(f"{part:.0f}" for part in (*ends, *parts)),
            ]
        )
    print(f"{machine()}, three architectures, {count} clicks a row\n\n{table(heads, lines)}")
    print(
        f"\nThe marker follows the pointer while the kernel computes: median {statistics.median(marker):.0f} ms, "
        f"95 % within {statistics.quantiles(marker, n=20)[-1]:.0f} ms ({len(marker)} movements)."
    )
    write_json("end_to_end", {"machine": machine(), "rows": rows, "marker": marker})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
