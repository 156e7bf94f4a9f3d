"""Screenshots of the development page in many widths and themes, with an Explorer as its kernel.

npm run dev && python dev/look.py pictures/ [name ...]
"""

from __future__ import annotations

import base64
import functools
import http.server
import io
import json
import os
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from deconvscope.explorer import Explorer

HERE = Path(__file__).parent
TRAITS = (
    "_catalog", "_network", "_photograph", "_atlas_info", "_atlas",
    "_map", "_pictures", "_view", "_failure", "_progress", "display",
    "_meters", "_random", "_random_pictures", "_way_back", "_way_back_maps",
    "_comparison", "_comparison_pictures", "_exemplars", "_segmentation", "_segmentation_mask",
    "_pins", "pins", "live", "prefetch",
)  # fmt: skip


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def dump(explorer: Explorer) -> dict[str, Any]:
    return {name: plain(getattr(explorer, name)) for name in TRAITS}


def kernel(explorer: Explorer) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answer a page that sends what it set, with what has changed since it last did."""
    seen = {name: getattr(explorer, name) for name in TRAITS}

    def exchange(changes: dict[str, Any]) -> dict[str, Any]:
        if changes:
            explorer.set_state({name: received(value) for name, value in changes.items()})
        now = {name: getattr(explorer, name) for name in TRAITS}
        changed = {name: plain(now[name]) for name in TRAITS if now[name] is not seen[name]}
        seen.update(now)
        return changed

    return exchange


def received(value: Any) -> Any:
    """Undo `plain` for what the browser sends."""
    binary = isinstance(value, dict) and list(value) == ["base64"]
    return base64.b64decode(value["base64"]) if binary else value


def settled(page: Page) -> None:
    page.wait_for_selector(".dcs-root[data-seq][data-busy=false]", timeout=60_000)
    page.wait_for_timeout(350)


def click_layer(page: Page, layer: str) -> None:
    page.click(f'.dcs-layer[data-layer="{layer}"]')
    settled(page)


def conv4_3(page: Page) -> None:
    click_layer(page, "features.22")


def signed_layer(page: Page) -> None:
    click_layer(page, "features.21")
    page.hover(".dcs-atlas canvas", position={"x": 70, "y": 70})


def eight(page: Page) -> None:
    conv4_3(page)
    while page.locator(".dcs-chip[aria-pressed=false]").count() > 0:
        page.locator(".dcs-chip[aria-pressed=false]").first.click()
        settled(page)


def first_layer(page: Page) -> None:
    click_layer(page, "features.0")


def over_image(page: Page) -> None:
    conv4_3(page)
    page.get_by_role("radio", name="over image").click()
    page.get_by_role("radio", name="whole image").click()
    page.hover('canvas[data-code="TTT"]')


def saliency(page: Page) -> None:
    conv4_3(page)
    page.get_by_role("radio", name="saliency").click()


def renormalised(page: Page) -> None:
    conv4_3(page)
    page.get_by_role("radio", name="^0.1").click()
    page.hover('canvas[data-code="TTT"]')


def help_card(page: Page) -> None:
    page.focus(".dcs-root")
    page.keyboard.press("?")


def image_hover(page: Page) -> None:
    conv4_3(page)
    page.hover(".dcs-image canvas", position={"x": 150, "y": 150})


def keyboard(page: Page) -> None:
    page.focus(".dcs-find")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)


def failed(page: Page) -> None:
    page.fill(".dcs-address", "vgg16_trunk/features.22/9999@0,0")
    page.press(".dcs-address", "Enter")
    page.wait_for_selector(".dcs-alert:visible")


def busy(page: Page) -> None:
    page.evaluate("() => { window.askKernel = () => new Promise(() => {}) }")
    page.evaluate(
        "window.host.receive({_progress: {text: 'recording VGG-16 on coffee', fraction: 0.4}})"
    )
    page.click(".dcs-image canvas", position={"x": 60, "y": 60})
    page.wait_for_timeout(700)


def classes(page: Page) -> None:
    page.select_option(".dcs-models", "mobilenet_v2")
    settled(page)
    page.locator(".dcs-layer").last.click()
    settled(page)
    page.wait_for_timeout(2500)


def searched(page: Page) -> None:
    classes(page)
    page.fill(".dcs-find", "cat")
    page.fill(".dcs-search input", "pool")


def pinned(page: Page) -> None:
    for layer in ("features.22", "features.15", "features.30"):
        click_layer(page, layer)
        page.press(".dcs-root", "p")
        page.wait_for_timeout(600)


def compared(page: Page) -> None:
    pinned(page)
    for index in (0, 1):
        page.locator(".dcs-compare").nth(index).click()
    page.wait_for_selector(".dcs-comparison canvas")


def everything(page: Page) -> None:
    conv4_3(page)
    for name in ("random weights", "edges", "way back"):
        page.get_by_role("button", name=name).click()
        page.wait_for_timeout(200)
    page.wait_for_timeout(6000)


def trial(page: Page) -> None:
    """What a new user does to find the neuron of the cup in the deepest layer."""
    page.locator(".dcs-thumbnail").nth(1).click()
    settled(page)
    page.locator(".dcs-layer").last.click()
    settled(page)
    box = page.locator(".dcs-image canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.45 * box["width"], box["y"] + 0.45 * box["height"])
    settled(page)
    page.get_by_role("combobox", name="order of the channels").select_option("here")
    page.wait_for_timeout(300)
    page.click(".dcs-atlas canvas", position={"x": 25, "y": 25})
    settled(page)
    page.get_by_role("button", name="segmentation").click()
    page.wait_for_timeout(4000)


def upload(page: Page) -> None:
    picture = Image.new("RGB", (2400, 1200), "teal")
    picture.paste("gold", (300, 300, 1500, 900))
    file = io.BytesIO()
    picture.save(file, "webp")
    payload = {"name": "flag.webp", "mimeType": "image/webp", "buffer": file.getvalue()}
    page.set_input_files("input[type=file]", payload)
    page.wait_for_timeout(2500)


def bomb(page: Page) -> None:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = b"\x00\x00\x00\x0dIHDR" + header + b"\x00" * 4
    payload = {
        "name": "bomb.png",
        "mimeType": "image/png",
        "buffer": b"\x89PNG\r\n\x1a\n" + chunk,
    }
    page.set_input_files("input[type=file]", payload)
    page.wait_for_selector(".dcs-alert:visible")


def saved(page: Page) -> None:
    page.click(".dcs-image canvas", position={"x": 60, "y": 60})
    page.wait_for_timeout(500)


VIEWS: dict[str, tuple[int, str, Callable[[Page], None] | None]] = {
    "light": (1400, "light", conv4_3),
    "dark": (1400, "dark", conv4_3),
    "first": (1000, "light", None),
    "w360": (360, "light", conv4_3),
    "w500": (500, "dark", None),
    "w700": (700, "light", conv4_3),
    "w850": (850, "dark", signed_layer),
    "w1000": (1000, "dark", image_hover),
    "w768": (768, "dark", first_layer),
    "w1600": (1600, "light", signed_layer),
    "signed": (1200, "light", signed_layer),
    "eight": (1200, "dark", eight),
    "layer1": (1200, "light", first_layer),
    "over": (1200, "light", over_image),
    "saliency": (1200, "dark", saliency),
    "renormalised": (1200, "light", renormalised),
    "help": (1000, "light", help_card),
    "keyboard": (1000, "light", keyboard),
    "failed": (1000, "dark", failed),
    "failed360": (360, "light", failed),
    "busy": (1000, "light", busy),
    "classes": (1200, "light", classes),
    "classes360": (360, "dark", classes),
    "searched": (1000, "dark", searched),
    "pinned": (1100, "light", pinned),
    "compared": (1400, "dark", compared),
    "compared360": (360, "light", compared),
    "everything": (1400, "light", everything),
    "trial": (1070, "light", trial),
    "upload": (1100, "light", upload),
    "bomb": (700, "light", bomb),
    "saved": (1000, "dark", saved),
}


def main(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    explorer = Explorer()
    first = explorer.address
    (HERE / "state.json").write_text(json.dumps(dump(explorer)))
    handler = functools.partial(Quiet, directory=str(HERE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in names or VIEWS:
            width, theme, act = VIEWS[name]
            explorer.address = first
            page = browser.new_page(
                viewport={"width": width, "height": 700},
                device_scale_factor=float(os.environ.get("DENSITY", "1.5")),
            )
            page.on("console", lambda message: print("console:", message.text))
            page.on("pageerror", lambda error: print("error:", error))
            if name != "saved":
                page.expose_function("askKernel", kernel(explorer))
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html?{name}")
            page.evaluate(f"document.body.dataset.theme = '{theme}'")
            settled(page)
            if act is not None:
                act(page)
            page.wait_for_timeout(400)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            page.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
