"""How an error becomes the line that a browser shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..scheduler import Interrupted

Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """Why something cannot be shown, in one line."""

    line: str


def attempt(work: Callable[[], Result]) -> Result | Failure:
    """Return the result of `work`, or why it failed; an interruption passes through.

    A person's own network, and whoever observes the explorer, may raise anything.
    """
    try:
        return work()
    except Interrupted:
        raise
    except (LookupError, ValueError, RuntimeError, OSError) as error:  # written for people
        return Failure(str(error))
    except Exception as error:
        return Failure(f"{type(error).__name__}: {error}")
