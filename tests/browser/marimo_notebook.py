"""A notebook in marimo."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Error, Locator

from .notebook import Notebook
from .patience import PATIENCE


class MarimoNotebook(Notebook):
    """A notebook in a browser page."""

    def cell(self, number: int) -> Locator:
        """Return a cell with its output."""
        return self.page.locator(".marimo-cell").nth(number)

    def area(self, number: int) -> Locator:
        """Return the output of a cell."""
        return self.cell(number).locator(".output-area")

    def run(self, number: int) -> None:
        """Run a cell as a person does: click into it, Ctrl+Enter. Does not wait for its output."""
        self.page.locator('[data-connection-state="OPEN"]').wait_for(timeout=PATIENCE)
        self.editor(number).click()
        self.page.keyboard.press("Control+Enter")

    def use_theme(self, theme: str) -> None:
        """Change between "light" and "dark", which marimo takes from the system."""
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        self.page.locator(f'body[data-theme="{theme}"]').wait_for(
            state="attached", timeout=PATIENCE
        )

    def restart_kernel(self) -> None:
        """Restart the kernel with the menu, and wait until it is there again."""
        self.page.evaluate("window.isBeforeRestart = true")  # the page is loaded anew
        self.page.get_by_test_id("notebook-menu-dropdown").click()
        self.page.get_by_role("menuitem", name="Restart kernel").click()
        self.page.get_by_role("button", name="Restart", exact=False).last.click()
        self.wait(self._is_anew, "the page to be loaded anew")
        self.page.locator('[data-connection-state="OPEN"]').wait_for(timeout=PATIENCE)
        self.editor(0).wait_for(timeout=PATIENCE)

    def _is_anew(self) -> bool:
        with suppress(Error):  # while it is being loaded
            return bool(self.page.evaluate("window.isBeforeRestart === undefined"))
        return False

    def remove(self, number: int) -> None:
        """Delete a cell with its output."""
        cells = self.page.locator(".marimo-cell")
        before = cells.count()
        self.cell(number).hover()
        self.cell(number).get_by_test_id("delete-button").click()
        self.wait(lambda: cells.count() < before, "the cell to go")

    def save(self) -> None:
        """Save with the keyboard."""
        self.page.keyboard.press("Control+s")
