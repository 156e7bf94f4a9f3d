"""What goes wrong is said in the status line, and the explorer goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .notebook import Notebook
from .shown_explorer import ShownExplorer

pytestmark = pytest.mark.browser

FRAGILE = """
from torch import nn

class Fragile(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 5)
        self.shown = 0

    def forward(self, x):
        self.shown += 1
        if self.shown > 1:
            raise ValueError("the cup is <b>too full</b>")
        return self.convolution(x)

ds.Explorer(Fragile())
"""


def test_a_failure_is_a_line_and_the_next_click_is_answered(
    notebook: Notebook, keep_picture: Callable[[ShownExplorer, str], None]
) -> None:
    explorer = notebook.show(FRAGILE.strip())
    before = explorer.neuron, explorer.pixels("TTT")
    explorer.root.get_by_role("radio", name="espresso").click()
    notebook.wait(lambda: "the cup is <b>too full</b>" in explorer.status, "the failure's line")
    assert explorer.root.locator(".dcs-status b", has_text="too full").count() == 0
    explorer.settle()
    assert (explorer.neuron, explorer.pixels("TTT")) == before
    keep_picture(explorer, "error")
    explorer.click_tile(1, 1, 0.5, 0.5)
    assert explorer.neuron != before[0]
    assert "too full" not in explorer.status
