"""How large a notebook and its widgets may be."""

from __future__ import annotations

import json

NOTEBOOK, WIDGET = 2_000_000, 1_500_000
"""Bytes."""
STATE = "application/vnd.jupyter.widget-state+json"


def assert_small(content: str) -> None:
    """Check that a saved notebook, and each widget in it, is within its limit."""
    assert len(content.encode()) <= NOTEBOOK
    widgets = json.loads(content)["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    for widget in widgets.values():
        assert len(json.dumps(widget)) <= WIDGET
