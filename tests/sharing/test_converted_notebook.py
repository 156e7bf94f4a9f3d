"""A notebook that nbconvert made into a page shows the widget where its state is saved, else the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page

import deconvscope as ds
from example_notebooks.execute import execute

from . import html_manager
from .conftest import LAYER
from .opened_page import PATIENCE, OpenedPage, drawn_by_a_kernel

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """An executed notebook with an explorer and its state."""
    source = f"import deconvscope as ds\nds.Explorer(layer={LAYER!r})"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    path = tmp_path_factory.mktemp("notebook") / "saved.ipynb"
    nbformat.write(notebook, path)
    return execute(path)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def converted(notebook: nbformat.NotebookNode, folder: Path) -> str:
    path = folder / "notebook.html"
    path.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    return path.as_uri()


def test_with_its_state_it_shows_the_widget_as_it_was_saved(
    page: Page, saved: nbformat.NotebookNode, vgg: ds.Explorer, tmp_path: Path
) -> None:
    html_manager.fetch(tmp_path)
    html_manager.serve(page, tmp_path)
    page.goto(converted(saved, tmp_path))
    page.locator(".dcs-root[data-seq]").wait_for(timeout=PATIENCE)
    assert page.locator(".jp-RenderedImage img").count() == 0
    shown = OpenedPage(page)
    for code in ("FTT", "saliency", "TTT"):
        kernel = drawn_by_a_kernel(vgg.recording, vgg.neuron, code)
        assert np.abs(shown.pixels(code) - kernel).max() <= 1
    shown.go(f"vgg16_trunk/{LAYER}/1@1,1")
    page.locator(".dcs-root[data-kernel=absent]").wait_for(timeout=PATIENCE)
    assert "no kernel" in shown.root().inner_text()


def test_without_state_the_picture_stands_in(
    page: Page, saved: nbformat.NotebookNode, tmp_path: Path
) -> None:
    stateless = nbformat.from_dict({**saved, "metadata": {}})
    page.route(re.compile("^https:"), lambda route: route.abort())
    page.goto(converted(stateless, tmp_path))
    picture = page.locator(".jp-RenderedImage img")
    picture.wait_for(timeout=PATIENCE)
    assert picture.evaluate("image => image.naturalWidth") > 700
    assert page.locator(".dcs-root").count() == 0
