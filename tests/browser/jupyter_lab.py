"""A real JupyterLab on a free local port, with settings and notebooks of its own, for one test run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat

import deconvscope

SETTINGS: dict[str, dict[str, object]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension/themes": {"theme": "JupyterLab Light"},
}


@dataclass
class JupyterLab:
    """A running server; `stop` ends it and the kernels it started."""

    folder: Path
    port: int = field(default_factory=lambda: _free_port())

    def start(self) -> None:
        """Start the server and wait until it listens."""
        for place, settings in SETTINGS.items():
            self._setting(place).parent.mkdir(parents=True, exist_ok=True)
            self._setting(place).write_text(json.dumps(settings))
        (self.folder / "notebooks").mkdir(parents=True)
        command = (
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}"),
            *("--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password="),
            *("--ServerApp.disable_check_xsrf=True", "--LabApp.check_for_updates_class="
              "jupyterlab.NeverCheckForUpdate"),
            f"--ServerApp.root_dir={self.folder / 'notebooks'}",
        )  # fmt: skip
        self._process = subprocess.Popen(
            command,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if f"http://127.0.0.1:{self.port}/lab" in line:
                break
        else:
            raise RuntimeError("JupyterLab did not start:\n" + "".join(said[-30:]))
        self._drain = threading.Thread(target=self._process.stdout.read, daemon=True)
        self._drain.start()

    def stop(self) -> None:
        """End the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._drain.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def write(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook and return the address that opens it."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells]
        )
        notebook.metadata["kernelspec"] = {
            "name": "python3", "display_name": "Python 3", "language": "python"
        }  # fmt: skip
        nbformat.write(notebook, self.path(name))
        return self.address(name)

    def path(self, name: str) -> Path:
        """Return where a notebook is."""
        return self.folder / "notebooks" / f"{name}.ipynb"

    def address(self, name: str) -> str:
        """Return the address that opens a notebook in a fresh workspace."""
        return f"http://127.0.0.1:{self.port}/lab/tree/{name}.ipynb?reset"

    def end_kernels(self) -> None:
        """Shut down every kernel, as after a day or a restart of the server."""
        sessions = f"http://127.0.0.1:{self.port}/api/sessions"
        with urlopen(sessions) as answer:
            running = json.load(answer)
        for session in running:
            urlopen(Request(f"{sessions}/{session['id']}", method="DELETE")).close()

    def setting(self, place: str, **values: object) -> None:
        """Change a setting of JupyterLab for pages opened from now on."""
        self._setting(place).parent.mkdir(parents=True, exist_ok=True)
        self._setting(place).write_text(json.dumps({**SETTINGS.get(place, {}), **values}))

    def _setting(self, place: str) -> Path:
        return self.folder / "settings" / f"{place}.jupyterlab-settings"

    def _environment(self) -> dict[str, str]:
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }
        source = Path(deconvscope.__file__).parents[1]
        return {
            **os.environ,
            **{variable: str(self.folder / place) for variable, place in own.items()},
            "PYTHONPATH": os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")]),
            "NO_PROXY": "127.0.0.1,localhost",
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
