"""One server of each kind, one Chromium, and in each program one notebook that many tests use one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Error, Page

from . import hosts
from .hosts import Host
from .jupyter_server import JupyterServer
from .marimo_server import MarimoServer
from .notebook import Notebook
from .oracle import Oracle
from .patience import PATIENCE, SCREENSHOTS
from .shown_explorer import ShownExplorer

VIEWPORT = {"width": 1500, "height": 1150}
IMPORT = "import deconvscope as ds\n'ready'"
EXPLORER = "ex = ds.Explorer(layer='conv3_3')\nex"


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    server = JupyterServer(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def marimo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarimoServer]:
    server = MarimoServer(tmp_path_factory.mktemp("marimo"))
    yield server
    server.stop()


@pytest.fixture(scope="session", params=hosts.LAB_FIRST)
def host(request: pytest.FixtureRequest) -> Host:
    """The program that shows the notebook."""
    if request.param == "marimo":
        return Host.marimo(request.getfixturevalue("marimo"))
    server = request.getfixturevalue("jupyter")
    return Host.lab(server) if request.param == "lab" else Host.notebook_7(server)


class Pages:
    """Pages of their own contexts, and what the front end's scripts threw in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._errors: list[Error] = []

    def open(self, **options: object) -> Page:
        """Open a page; closing its context is the caller's."""
        permissions = ["clipboard-read", "clipboard-write"]
        context = self._browser.new_context(
            **{"viewport": VIEWPORT, "permissions": permissions, **options}  # type: ignore[arg-type]
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self._errors.append(error))
        return page

    def assert_no_errors(self) -> None:
        """Check that no script of the front end threw since the last check."""
        thrown = [str(error.stack) for error in self._errors if hosts.thrown_by_widget(error)]
        self._errors.clear()
        assert not thrown


@pytest.fixture(scope="session")
def pages(chromium: Browser) -> Pages:
    return Pages(chromium)


@pytest.fixture(scope="session")
def shared_notebook(pages: Pages, host: Host) -> Iterator[Notebook]:
    page = pages.open()
    notebook = host.open(page, "shared", [IMPORT, *["None"] * 3])
    notebook.run(0)
    assert "ready" in notebook.output(0)
    yield notebook
    page.context.close()
    host.end_kernel("shared")


@pytest.fixture(scope="session")
def own_notebook(pages: Pages, host: Host) -> Iterator[Notebook]:
    """Another, whose kernel may be restarted and whose cells may be removed, on a screen that is touched.

    Opened wide, as programs hide their cells on phones.
    """
    page = pages.open(has_touch=True, device_scale_factor=2)
    notebook = host.open(page, "own", [IMPORT, *["None"] * 3])
    notebook.run(0)
    assert "ready" in notebook.output(0)
    yield notebook
    page.context.close()
    host.end_kernel("own")
    pages.assert_no_errors()


@pytest.fixture
def notebook(shared_notebook: Notebook, pages: Pages) -> Iterator[Notebook]:
    """An open notebook whose kernel has imported the package; its cells 1 to 3 are for the test."""
    yield shared_notebook
    shared_notebook.clear()
    pages.assert_no_errors()


@pytest.fixture
def explorer(notebook: Notebook) -> ShownExplorer:
    """A fresh explorer, `ex`, at conv3_3, in cell 1."""
    return notebook.show(EXPLORER)


@pytest.fixture
def page(pages: Pages) -> Iterator[Page]:
    """A page of its own, for what would disturb other tests."""
    opened = pages.open()
    yield opened
    opened.context.close()
    pages.assert_no_errors()


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle.of("chelsea")


@pytest.fixture
def keep_picture(host: Host) -> Callable[[ShownExplorer, str], None]:
    """Keep what an explorer shows, for the eye, under the program's name and another."""
    SCREENSHOTS.mkdir(exist_ok=True)
    return lambda explorer, name: _keep(explorer, f"{host.name}_{name}")


def _keep(explorer: ShownExplorer, name: str) -> None:
    explorer.root.screenshot(path=SCREENSHOTS / f"{name}.png")
