"""The programs that show notebooks: for each its server, the address of a notebook, and what a person does in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from .jupyter_notebook import JupyterNotebook
from .jupyter_server import JupyterServer
from .marimo_notebook import MarimoNotebook
from .marimo_server import MarimoServer
from .notebook import Notebook

NAMES = ("lab", "notebook7", "marimo")
SCRIPTS = ("/static/lab/", "/static/notebook/", "/assets/")
"""Where the programs' own scripts lie."""
LAB_FIRST = ("lab", *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:]))
"""For tests of what should not differ between the programs: JupyterLab, and all others with the slow tests."""
IN_LAB = pytest.mark.parametrize("host", ["lab"], indirect=True)
"""For tests of what does not differ between the programs."""
IN_EVERY_HOST = pytest.mark.parametrize("host", NAMES, indirect=True)
"""For tests of what depends on the program: its theme, keys, displays, kernel."""
IN_JUPYTER = pytest.mark.parametrize("host", ["lab", "notebook7"], indirect=True)
"""For tests of notebooks that keep what widgets showed; marimo's do not."""
IN_JUPYTER_LAB_FIRST = pytest.mark.parametrize("host", LAB_FIRST[:2], indirect=True)
IN_MARIMO = pytest.mark.parametrize("host", ["marimo"], indirect=True)


@dataclass(frozen=True)
class Host:
    """A program that shows notebooks."""

    name: str
    _server: JupyterServer | MarimoServer
    _address: Callable[[str], str]
    _notebook: type[Notebook]

    @classmethod
    def lab(cls, server: JupyterServer) -> Host:
        """JupyterLab."""
        return cls("lab", server, server.in_lab, JupyterNotebook)

    @classmethod
    def notebook_7(cls, server: JupyterServer) -> Host:
        """Jupyter Notebook 7."""
        return cls("notebook7", server, server.in_notebook_7, JupyterNotebook)

    @classmethod
    def marimo(cls, server: MarimoServer) -> Host:
        """The marimo editor."""
        return cls("marimo", server, server.address, MarimoNotebook)

    def open(self, page: Page, name: str, cells: Sequence[str]) -> Notebook:
        """Write a notebook and open it."""
        self._server.write(self._file(name), cells)
        return self.open_again(page, name)

    def open_again(self, page: Page, name: str) -> Notebook:
        """Open a notebook that was written before."""
        return self._notebook(page, self._address(self._file(name)))

    def end_kernel(self, name: str) -> None:
        """Shut down a notebook's kernel, as after a day or a restart of the server."""
        self._server.end_kernel(self._file(name))

    def path(self, name: str) -> Path:
        """Return where a notebook is."""
        return self._server.path(self._file(name))

    def _file(self, name: str) -> str:
        return f"{name}_{self.name}"


def thrown_by_widget(error: Any) -> bool:
    """Whether an error of a page comes from the front end, not from the program around it."""
    stack = str(error.stack)
    return "blob:" in stack or "@file" in stack or not any(part in stack for part in SCRIPTS)
