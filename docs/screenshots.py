"""Take the README's pictures: the explorer in a real JupyterLab, light, dark, and with its controls.

``python docs/screenshots.py`` writes ``docs/pictures/*.webp``; it needs Chromium and the extra ``test``, whose server
and notebook it uses.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.hosts import Host
from tests.browser.jupyter_server import JupyterServer
from tests.browser.shown_explorer import ShownExplorer
from tests.conftest import ARGUMENTS, chromium_program

PICTURES = Path(__file__).with_name("pictures")
EYE = "ds.Explorer(neuron=ds.Neuron('conv4_3', channel=433, y=10, x=9))"
WIDTH = 1240
"""Of an explorer, in pixels of the page; a picture has half as many again."""
VIEWPORT = ViewportSize(width=1900, height=1250)


def take(explorer: ShownExplorer, name: str) -> None:
    """Write what an explorer shows."""
    explorer.settle()
    explorer.wait_for_meters()
    explorer.page.mouse.move(5, 5)
    explorer.page.wait_for_timeout(600)
    path = PICTURES / f"{name}.webp"
    with Image.open(io.BytesIO(explorer.root.screenshot())) as shot:
        shot.convert("RGB").save(path, quality=86, method=6)
        print(f"{path.name}: {shot.width}×{shot.height}, {path.stat().st_size / 1000:.0f} kB")


def photograph(page: Page, lab: Host) -> None:
    """Take all pictures in one notebook."""
    notebook = lab.open(page, "pictures", ["import deconvscope as ds\n'ready'", "None"])
    notebook.run(0)
    notebook.output(0)
    explorer = notebook.show(EYE)
    explorer.root.evaluate(f"root => {{ root.parentElement.style.width = '{WIDTH}px' }}")
    for theme in ("light", "dark"):
        notebook.use_theme(theme)
        explorer.wait_for_attribute("dcs-theme", theme)
        take(explorer, f"explorer_{theme}")
    notebook.use_theme("light")
    for control in ("random weights", "edges"):
        explorer.root.get_by_role("button", name=control, exact=True).click()
    ranges = explorer.root.locator("figcaption", has_text="±")
    explorer.wait(lambda: ranges.count() == 6, "the random network")
    take(explorer, "explorer_controls")


def main() -> None:
    """Start a server and a browser, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=chromium_program(), args=ARGUMENTS)
            page = browser.new_page(viewport=VIEWPORT, device_scale_factor=1.5)
            photograph(page, Host.lab(server))
            browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
