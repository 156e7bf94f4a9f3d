"""The outputs in the repository are those of the code beside them, and fit for GitHub."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from example_notebooks.execute import VIEW, sources

from .limits import assert_small

OF_ONE_MACHINE = re.compile(r"(?<![\w/.])/(?:home|root|tmp|work|usr|var|Users)/|site-packages")


def test_outputs_are_of_the_present_code_run_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    assert notebook.metadata.get("executed") == sources(notebook), f"run execute.py {path.name}"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_it_is_small_and_tells_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    assert_small(content)
    assert OF_ONE_MACHINE.search(content) is None


def test_every_widget_has_a_picture_that_stands_in(path: Path) -> None:
    shown = [
        output.data
        for cell in nbformat.read(path, 4).cells
        for output in cell.get("outputs", ())
        if VIEW in output.get("data", {})
    ]
    assert all(data["image/png"] for data in shown)


def test_links_between_notebooks_lead_somewhere(path: Path) -> None:
    prose = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown")
    linked = re.findall(r"\]\(((?!https?:)[^)#]+\.ipynb)\)", prose)
    assert [name for name in linked if not (path.parent / name).is_file()] == []
