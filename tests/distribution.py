"""How pytest-xdist spreads the tests over its processes.

A file's tests stay in one process, since they share what is costly to make; the browser tests all
stay in one, since they share servers. What takes longest begins first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_FIRST = ("tests/browser",)
"""Groups in the order of how long they take; all others follow as they are found."""
SINGLY = ("tests/example_notebooks/test_execution.py", "tests/versions/test_other_versions.py")
"""Files whose tests share nothing and take long."""


def group(nodeid: str) -> str:
    """Return the group of a test: tests of one group run in one process, in their order."""
    file = nodeid.partition("::")[0]
    if file.startswith("tests/browser/"):
        return "tests/browser"
    return nodeid if file in SINGLY else file


def in_order_of_start(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests, the groups that take longest first."""

    def rank(item: pytest.Item) -> int:
        name = group(item.nodeid)
        return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)

    return sorted(items, key=rank)


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands each idle process the next group."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
