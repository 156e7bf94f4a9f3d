"""Names of layers, classes and files come from strangers: they are text, whatever they contain."""

from __future__ import annotations

import pytest

from .notebook import Notebook

pytestmark = pytest.mark.browser

MARK = "<img src=x onerror='stranger=1'>"
CELL = f"""
import torch, pathlib, tempfile
from torch import nn
mark = {MARK!r}
strange = nn.Sequential()
strange.add_module('first' + mark, nn.Conv2d(3, 4, 5))
strange.add_module('<script>stranger=1</script>', nn.ReLU())
strange.add_module('pool', nn.AdaptiveAvgPool2d(1))
strange.add_module('flat', nn.Flatten())
strange.add_module('scores', nn.Linear(4, 3))
folder = pathlib.Path(tempfile.mkdtemp())
file = folder / '<b onclick=x>cat<b>.png'
ds.sample_image('chelsea').resize((64, 64)).save(file)
model = ds.from_module(strange, categories=[mark, '<h1>dog</h1>', '&lt;u&gt;'])
ds.Explorer(model, image=str(file), layer='scores')
"""


def test_markup_in_names_is_shown_as_text(notebook: Notebook) -> None:
    explorer = notebook.show(CELL.strip())
    for tag in ("b[onclick]", "h1", "img[src='x']", "script", "u"):
        assert explorer.root.locator(tag).count() == 0, tag
    html = explorer.root.evaluate("root => root.outerHTML + root.innerText")
    assert "&lt;img src=x" in html
    assert explorer.page.evaluate("window.stranger") is None
    explorer.root.locator(".dcs-layer").first.hover()
    before = explorer.shown
    explorer.root.locator(".dcs-layer").first.click()
    explorer.answered(before)
    assert explorer.page.evaluate("window.stranger") is None
    strips = explorer.root.locator(".dcs-layers").inner_text()
    assert "onerror" in strips or "stranger" in strips
