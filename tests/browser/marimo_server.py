"""A real marimo, editing notebooks in a folder of its own."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from .server import Server

COMMAND = (
    *("marimo", "-y", "edit", "notebooks", "--headless", "--no-token", "--skip-update-check"),
    *("--host", "127.0.0.1", "--port", "{port}"),
)
SETTINGS = """
[runtime]
auto_instantiate = false

[display]
theme = "system"
default_width = "full"

[completion]
activate_on_typing = false
"""
FOLDERS = {
    "HOME": "home",
    "XDG_CONFIG_HOME": "config",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
    "XDG_DATA_HOME": "data",
}
NOTEBOOK = "import marimo\n\napp = marimo.App(width='full')\n\n{cells}\n"
CELL = "\n@app.cell\ndef _():\n{source}\n    return\n"


class MarimoServer:
    """A running marimo; `stop` ends it and the kernels it started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for place in ("notebooks", "home", "config/marimo"):
            (folder / place).mkdir(parents=True)
        (folder / "config" / "marimo" / "marimo.toml").write_text(SETTINGS)
        environment = {variable: str(folder / place) for variable, place in FOLDERS.items()}
        self._server = Server(folder, COMMAND, "/health", environment)

    def stop(self) -> None:
        """End the server and its kernels."""
        self._server.stop()

    def write(self, name: str, cells: Sequence[str]) -> None:
        """Write a notebook."""
        written = (CELL.format(source=textwrap.indent(source, "    ")) for source in cells)
        self.path(name).write_text(NOTEBOOK.format(cells="\n".join(written)))

    def end_kernel(self, name: str) -> None:
        """Shut down a notebook's kernel, as after a day or a restart of the server."""
        for session in self._post("/api/home/running_notebooks", {})["files"]:
            if Path(session["path"]).stem == name:
                self._post("/api/home/shutdown_session", {"sessionId": session["sessionId"]})

    def path(self, name: str) -> Path:
        """Return where a notebook is."""
        return self._folder / "notebooks" / f"{name}.py"

    def address(self, name: str) -> str:
        """Return the address that opens a notebook."""
        return f"{self._server.address}/?file={quote(str(self.path(name)))}"

    def _post(self, path: str, content: object) -> Any:
        with urlopen(self._server.address) as answer:
            token = re.search(r'"serverToken":\s*"([^"]+)"', answer.read().decode())
        assert token is not None
        headers = {"Content-Type": "application/json", "Marimo-Server-Token": token[1]}
        request = Request(self._server.address + path, json.dumps(content).encode(), headers)
        with urlopen(request) as answer:
            return json.load(answer)
