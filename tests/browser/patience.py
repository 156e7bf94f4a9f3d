"""Waiting for what a person would wait for, without Playwright's own polling, which some hosts starve."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

SCREENSHOTS = Path(__file__).parent / "screenshots"
"""Where pictures for the eye are put; not kept in the repository."""

PATIENCE = 180_000
"""Milliseconds within which anything has happened, however busy the machine is."""


def wait(page: Page, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look again and again until a condition holds."""
    until = time.monotonic() + patience / 1000
    while not condition():
        if time.monotonic() > until:
            SCREENSHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SCREENSHOTS / "waited.png")
            raise AssertionError(f"waited {patience / 1000:.0f} s in vain for {what}")
        page.wait_for_timeout(20)
