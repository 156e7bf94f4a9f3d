"""A notebook open in a browser, as a person meets it, whichever program shows it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

from playwright.sync_api import Locator, Page

from .patience import PATIENCE, wait
from .shown_explorer import ShownExplorer


class Notebook(ABC):
    """A notebook in a browser page.

    Args:
        page: where it is opened.
        address: what opens it.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._used: set[int] = set()
        page.goto(address)
        self.editor(0).wait_for(timeout=PATIENCE)

    @abstractmethod
    def cell(self, number: int) -> Locator:
        """Return a cell with its output."""

    @abstractmethod
    def area(self, number: int) -> Locator:
        """Return the output of a cell."""

    @abstractmethod
    def run(self, number: int) -> None:
        """Run a cell as a person does: click into it, press the keys. Does not wait for its output."""

    @abstractmethod
    def use_theme(self, theme: str) -> None:
        """Change between "light" and "dark"."""

    @abstractmethod
    def restart_kernel(self) -> None:
        """Restart the kernel with the menu, and wait until it is there again."""

    @abstractmethod
    def remove(self, number: int) -> None:
        """Delete a cell with its output."""

    @abstractmethod
    def save(self) -> None:
        """Save, and wait until the notebook is written."""

    def editor(self, number: int) -> Locator:
        """Return where a cell's source is written."""
        return self.cell(number).locator(".cm-content").first

    def write(self, number: int, source: str) -> None:
        """Replace a cell's source."""
        self._used.add(number)
        self.editor(number).click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def clear(self) -> None:
        """Empty the cells that were used, but for the first one's, which the next explorer replaces."""
        for number in sorted(self._used - {1}, reverse=True):
            self.write(number, "None")
            self.run(number)
            self.wait(partial(self._has_none, number), "an empty cell")
        self._used.clear()

    def answer(self, number: int, source: str) -> str:
        """Write a cell that prints or returns something, run it and return that."""
        self.write(number, "None")
        self.run(number)
        self.wait(lambda: self._text(number) == "", "no output")
        self.write(number, source)
        self.run(number)
        return self.output(number)

    def output(self, number: int) -> str:
        """Return a cell's text output, once it has any."""
        self.wait(lambda: self._text(number) != "", "an output")
        return self._text(number)

    def show(self, source: str, number: int = 1) -> ShownExplorer:
        """Write a cell that ends in an explorer, run it, and return what it shows."""
        self.write(number, source)
        return self.show_again(number)

    def show_again(self, number: int = 1) -> ShownExplorer:
        """Run a cell that ends in an explorer, and return what it shows."""
        roots = self.area(number).locator(".dcs-root")
        roots.evaluate_all("roots => roots.forEach(root => { root.dataset.old = '' })")
        self.run(number)
        old = self.area(number).locator(".dcs-root[data-old]")
        self.wait(lambda: old.count() == 0, "the old explorer to go")
        return self.explorer(number)

    def explorer(self, number: int = 1) -> ShownExplorer:
        """Return the explorer of a cell, once it shows a settled view."""
        root = self.area(number).locator(".dcs-root")
        root.wait_for(timeout=PATIENCE)
        explorer = ShownExplorer(self.page, root)
        explorer.settle()
        return explorer

    def _has_none(self, number: int) -> bool:
        return self.area(number).locator(".dcs-root").count() == 0

    def _text(self, number: int) -> str:
        return "\n".join(
            self.area(number).all_inner_texts()
        ).strip()  # none where there is no output

    def wait(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Look again and again until a condition holds."""
        wait(self.page, condition, what, patience)
