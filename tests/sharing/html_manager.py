"""What pages converted by nbconvert load from the web to draw widgets: two npm packages and anywidget's own file."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import anywidget
import pytest
from playwright.sync_api import Page, Route

PACKAGES = ("@jupyter-widgets/html-manager@1.0.14", "requirejs@2.3.7")
FILES = {
    "/require.": "requirejs-2.3.7/package/require.js",
    "embed-amd.js": "jupyter-widgets-html-manager-1.0.14/package/dist/embed-amd.js",
}
"""Part of an address → the file that answers it."""


def fetch(folder: Path) -> None:
    """Fetch and unpack the packages; the test is skipped where no registry answers."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm")
    command = [npm, "pack", "--silent", *PACKAGES]
    if subprocess.run(command, cwd=folder, capture_output=True).returncode != 0:
        pytest.skip(f"npm cannot fetch {' and '.join(PACKAGES)}")
    for archive in folder.glob("*.tgz"):
        with tarfile.open(archive) as packed:
            packed.extractall(folder / archive.stem, filter="data")


def serve(page: Page, folder: Path) -> None:
    """Answer a page's requests from the packages; what else it wants from the web is not there."""
    own = {part: folder / name for part, name in FILES.items()}
    own["anywidget"] = Path(anywidget.__file__).parent / "nbextension" / "index.js"

    def answer(route: Route) -> None:
        found = [path for part, path in own.items() if part in route.request.url]
        if found:
            route.fulfill(path=found[0])
        else:
            route.abort()

    page.route(re.compile("^https:"), answer)
