"""Tests of remedies: which messages they are about, and the code that a message prints."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy
import PIL.Image
import torch

import deconvscope

KNOWN: list[str] = []
"""The parts of messages that tests of remedies are about, filled while these are imported."""

_heard: list[str] = []


class Refusal:
    """The message of an error, once it was raised."""

    message = ""

    def run(self, start: str, until: str = "", **names: Any) -> Any:
        """Evaluate the code that the message prints, from `start` on as far as it is code.

        Args:
            start: how it begins.
            until: what ends it, where the words after it would be code too.
            **names: what a person has at hand under that name, beside the imported packages.
        """
        begins = self.message.index(start)
        ends = self.message.index(until, begins) if until else len(self.message)
        return evaluated(self.message[:ends], start, **names)


@contextmanager
def refused(kind: type[Exception] = Exception) -> Iterator[Refusal]:
    """Expect an error, and keep what it says."""
    refusal = Refusal()
    try:
        yield refusal
    except kind as error:
        refusal.message = str(error)
        _heard.append(refusal.message)
    else:
        raise AssertionError("nothing was refused")


def hear(message: str) -> str:
    """Note a message that reaches a person without being raised here."""
    _heard.append(message)
    return message


def remedies(*parts: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Say which messages a test is about, by a part of each, and check that it met them."""
    KNOWN.extend(parts)

    def checked(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(*arguments: Any, **fixtures: Any) -> None:
            _heard.clear()
            test(*arguments, **fixtures)
            unmet = [part for part in parts if not any(part in message for message in _heard)]
            assert not unmet, f"not met: {unmet}; met: {_heard}"

        return run

    return checked


def evaluated(message: str, start: str, **names: Any) -> Any:
    """Evaluate the longest expression in a message that begins with `start`."""
    begins = message.index(start)
    known = {"deconvscope": deconvscope, "torch": torch, "numpy": numpy, "PIL": PIL, **names}
    for end in range(len(message), begins, -1):
        text = message[begins:end]
        cut = f"{text[-1]}{message[end : end + 1]}".isidentifier() and end < len(message)
        if text[-1] in " ,;:." or cut:
            continue
        try:
            code = compile(text, "<remedy>", "eval")
        except SyntaxError:
            continue
        return eval(code, known)
    raise AssertionError(f"no code begins with {start!r} in: {message}")
