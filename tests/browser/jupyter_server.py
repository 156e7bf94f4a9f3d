"""A real Jupyter server, which serves JupyterLab and Notebook 7 alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat

from .server import Server

SETTINGS: dict[str, dict[str, object]] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Light"},
}
COMMAND = (
    *("jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
    *("--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.root_dir=notebooks"),
    *("--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"),
    *("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",),
)
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}


class JupyterServer:
    """A running Jupyter server; `stop` ends it and the kernels it started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "notebooks").mkdir(parents=True)
        for place in SETTINGS:
            self.setting(place)
        environment = {variable: str(folder / place) for variable, place in FOLDERS.items()}
        self._server = Server(folder, COMMAND, "/api/status", environment)

    def stop(self) -> None:
        """End the server and its kernels."""
        self._server.stop()

    def write(self, name: str, cells: Sequence[str]) -> None:
        """Write a notebook."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells]
        )
        notebook.metadata["kernelspec"] = {
            "name": "python3", "display_name": "Python 3", "language": "python"
        }  # fmt: skip
        nbformat.write(notebook, self.path(name))

    def path(self, name: str) -> Path:
        """Return where a notebook is."""
        return self._folder / "notebooks" / f"{name}.ipynb"

    def in_lab(self, name: str) -> str:
        """Return the address that opens a notebook in a fresh workspace of JupyterLab."""
        return f"{self._server.address}/lab/tree/{name}.ipynb?reset"

    def in_notebook_7(self, name: str) -> str:
        """Return the address that opens a notebook in Notebook 7."""
        return f"{self._server.address}/notebooks/{name}.ipynb"

    def end_kernel(self, name: str) -> None:
        """Shut down a notebook's kernel, as after a day or a restart of the server."""
        sessions = f"{self._server.address}/api/sessions"
        with urlopen(sessions) as answer:
            running = json.load(answer)
        for session in running:
            if session["path"] == f"{name}.ipynb":
                urlopen(Request(f"{sessions}/{session['id']}", method="DELETE")).close()

    def setting(self, place: str, **values: object) -> None:
        """Change a setting of JupyterLab's plugin for pages opened from now on."""
        package, plugin = place.split(":")
        path = self._folder / "settings" / package / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**SETTINGS.get(place, {}), **values}))
