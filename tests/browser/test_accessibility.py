"""axe-core finds nothing serious, in light and dark, at rest, with everything open and on a layer of classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from .hosts import IN_LAB
from .notebook import Notebook
from .opened import open_everything
from .patience import PATIENCE
from .shown_explorer import ShownExplorer
from .small_network import exemplars_cell

pytestmark = pytest.mark.browser

AXE = Axe()
FROM = ("serious", "critical")


def _violations(explorer: ShownExplorer) -> list[str]:
    """Return what axe-core calls serious or critical inside the explorer."""
    explorer.page.evaluate(AXE.axe_script)
    found: Any = explorer.root.evaluate(
        "root => axe.run(root, {resultTypes: ['violations']}).then(({violations}) => violations)"
    )
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in FROM
        for node in one["nodes"]
    ]


@pytest.fixture(params=["light", "dark"])
def themed(notebook: Notebook, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    notebook.use_theme(request.param)
    yield notebook
    notebook.use_theme("light")


def test_no_serious_violation_at_rest_and_with_everything_open(themed: Notebook) -> None:
    explorer = themed.show("ds.Explorer(layer='conv3_3')")
    assert _violations(explorer) == []
    explorer.focus()
    explorer.page.keyboard.press("?")
    explorer.root.get_by_role("dialog").wait_for()
    assert _violations(explorer) == []
    explorer.page.keyboard.press("Escape")
    open_everything(explorer)
    assert _violations(explorer) == []


def test_no_serious_violation_on_a_layer_of_classes(themed: Notebook) -> None:
    explorer = themed.show("ds.Explorer('mobilenet_v2', layer='classifier.1')")
    explorer.root.locator(".dcs-classes button[data-class]").first.wait_for(timeout=PATIENCE)
    assert _violations(explorer) == []


@IN_LAB
def test_no_serious_violation_beside_exemplars(themed: Notebook) -> None:
    explorer = themed.show(exemplars_cell())
    cards = explorer.root.locator(".dcs-exemplars button[data-image]")
    explorer.wait(lambda: cards.count() == 9, "the exemplars")
    assert _violations(explorer) == []
