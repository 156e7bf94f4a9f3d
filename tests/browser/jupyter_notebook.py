"""A notebook in JupyterLab or in Notebook 7, which are made of the same parts."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Locator, Page

from .notebook import Notebook
from .patience import PATIENCE

IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
RUNS = "*"
"""What stands beside a cell in place of the number of its run."""
ATTEMPTS = 10
NOTICED = 10_000
"""Milliseconds in which a cell that was run shows it."""
STATUSES = """indicator => {
    window.statuses = [];
    new MutationObserver(() => window.statuses.push(indicator.dataset.status))
        .observe(indicator, {attributeFilter: ["data-status"]});
}"""
"""Lists what the kernel's indicator shows from now on."""
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class JupyterNotebook(Notebook):
    """A notebook in a browser page."""

    def __init__(self, page: Page, address: str) -> None:
        # The program asks which kernel where it has not heard of any yet; the one written in the notebook is chosen
        asked = page.locator(".jp-Dialog", has_text="Select kernel for")
        page.add_locator_handler(asked, lambda dialog: dialog.locator(".jp-mod-accept").click())
        super().__init__(page, address)

    def cell(self, number: int) -> Locator:
        """Return a cell with its output."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def area(self, number: int) -> Locator:
        """Return the output of a cell."""
        return self.cell(number).locator(".jp-Cell-outputArea")

    def run(self, number: int) -> None:
        """Run a cell as a person does: click into it, Shift+Enter. Does not wait for its output."""
        self.page.locator(IDLE).wait_for(timeout=PATIENCE)
        before = self._count(number)
        for _ in range(ATTEMPTS):
            self.editor(number).click()
            self.page.keyboard.press("Shift+Enter")
            with suppress(AssertionError):  # then it was not heard
                self.wait(lambda: self._count(number) not in (before, ""), "a run", NOTICED)
                if before:
                    return
                # What is run before the program has heard of the kernel is dropped: its star goes again
                self.wait(lambda: self._count(number) != RUNS, "the end of the first run")
                if self._count(number):
                    return
        raise AssertionError(f"cell {number} does not run")

    def _count(self, number: int) -> str:
        """Return the number of the cell's run, as it stands beside it; empty where it was not run."""
        return self.cell(number).locator(".jp-InputPrompt").inner_text().strip(" []:\xa0")

    def use_theme(self, theme: str) -> None:
        """Change between "light" and "dark", as the Settings menu does."""
        self.page.get_by_role("menuitem", name="Settings", exact=True).click()
        self._entry("Theme").hover()
        self._entry(THEMES[theme]).click()
        kind = "true" if theme == "light" else "false"
        self.page.locator(f'body[data-jp-theme-light="{kind}"]').wait_for(
            state="attached", timeout=PATIENCE
        )
        self.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=PATIENCE)

    def restart_kernel(self) -> None:
        """Restart the kernel with the menu, and wait until it is there again."""
        self.page.locator(IDLE).evaluate(STATUSES)
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self._entry("Restart Kernel…").click()
        self.page.locator(".jp-Dialog").locator(".jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached", timeout=PATIENCE)
        self.wait(
            lambda: self.page.evaluate(
                "window.statuses.length > 1 && window.statuses.at(-1) === 'idle'"
            ),
            "the kernel to come back",
        )

    def remove(self, number: int) -> None:
        """Delete a cell with its output: the button on it, and yes where that is asked."""
        cells = self.page.locator(".jp-Notebook .jp-CodeCell")
        before = cells.count()
        self.cell(number).locator(".jp-InputPrompt").click()
        self.cell(number).locator('[data-jp-item-name="delete-cell"]').click()
        sure = self.page.locator(".jp-Dialog .jp-mod-accept")
        self.wait(lambda: cells.count() < before or sure.is_visible(), "the cell to go")
        if sure.is_visible():
            sure.click()
        self.wait(lambda: cells.count() < before, "the cell to go")

    def save(self) -> None:
        """Save with the keyboard, and wait until the notebook is written."""
        self.page.keyboard.press("Control+s")
        dirty = self.page.locator(".jp-mod-dirty")
        self.wait(lambda: dirty.count() == 0, "the notebook to be saved")

    def _entry(self, text: str) -> Locator:
        label = self.page.locator(".lm-Menu-itemLabel").get_by_text(text, exact=True)
        return self.page.locator(".lm-Menu-item", has=label).first
