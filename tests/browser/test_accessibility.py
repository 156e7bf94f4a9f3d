"""axe-core finds nothing serious, in light and dark, at rest and with everything open."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from .notebook import Notebook
from .shown_explorer import ShownExplorer

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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_violation(notebook: Notebook, theme: str) -> None:
    notebook.use_theme(theme)
    try:
        explorer = notebook.show("ds.Explorer(layer='conv3_3')")
        explorer.wait(lambda: explorer.attribute("dcs-theme") == theme, f"the {theme} theme")
        assert _violations(explorer) == []
        explorer.focus()
        explorer.page.keyboard.press("?")
        explorer.root.get_by_role("dialog").wait_for()
        assert _violations(explorer) == []
    finally:
        notebook.use_theme("light")
