"""How finely the pictures of a page are stored: as finely as its limit allows, watched while it fills."""

from __future__ import annotations

import base64
import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deconvscope.display.reconstructions import paper_levels

from ..protocol import responses
from ..session import View
from .coding import LADDER, Coding, decode, encode
from .html import as_json

OF_VIEW = ("neuron", "map", "window", "pictures")
MARGIN = 1.04
"""A sample's mean may lie below the mean of all; too bold a choice is corrected while the page fills."""


class PageTooLargeError(ValueError):
    """The page would be larger than its limit, however coarse its pictures."""


@dataclass(frozen=True)
class StoredNeuron:
    """A reversed neuron before it is put into bytes: what the browser is told, and the pictures."""

    facts: dict[str, Any]
    signals: NDArray[np.float32]

    @classmethod
    def of(cls, view: View) -> StoredNeuron:
        """Return what of a view goes into a page."""
        told = responses.neuron_traits(view, client="", seq=0)["_view"]
        signals = np.nan_to_num(view.reconstruction.values.detach().float().cpu().numpy())
        return cls({name: told[name] for name in OF_VIEW}, signals)

    def files(self, coding: Coding) -> list[bytes]:
        """Return the pictures as files."""
        return [encode(signal, coding) for signal in self.signals]

    def text(self, coding: Coding) -> str:
        """Return the JSON that stands for this neuron in the page."""
        pictures = [base64.b64encode(file).decode() for file in self.files(coding)]
        return as_json({**self.facts, "exponent": coding.exponent, "files": pictures})

    def differences(self, coding: Coding) -> list[float]:
        """Return, for each picture, how far its pixels are off on average, in grey levels of 255."""
        told = self.facts["pictures"]
        means = []
        for signal, picture, file in zip(self.signals, told, self.files(coding), strict=True):
            stored = decode(file, coding, signal.shape, picture["scale"])
            off = paper_levels(stored, picture["q"]) - paper_levels(signal, picture["q"])
            means.append(float(np.abs(off).mean()) if off.size else 0.0)
        return means


class Rate:
    """The finest coding with which all neurons still to come fit.

    Args:
        sample: neurons drawn at random, from which the others' sizes are foreseen.
        count: how many neurons the page will have, the sample included.
        room: bytes for all of them.

    Raises:
        PageTooLargeError: even the coarsest coding does not fit.
    """

    def __init__(self, sample: Sequence[StoredNeuron], count: int, room: int) -> None:
        self._sample = sample
        self._left, self._room = count, room
        self._means: dict[Coding, float] = {}
        self._taken, self._spent, self._foreseen = 0, 0, 0.0
        # Coarser codings are smaller: the first that fits is found by halving
        self._step = bisect.bisect_left(LADDER, True, key=self._fits)
        if self._step == len(LADDER):
            raise PageTooLargeError(self._remedy())

    @property
    def coding(self) -> Coding:
        """The coding of the next neuron."""
        return LADDER[self._step]

    @property
    def lossless(self) -> bool:
        """Whether all pictures so far are stored without loss."""
        return self.coding is LADDER[0]

    @property
    def expected(self) -> float:
        """Bytes of all neurons, those to come included."""
        return self._spent + self._to_come(self.coding)

    def take(self, neuron: StoredNeuron) -> str:
        """Return a neuron's text in the coding of the moment.

        Raises:
            PageTooLargeError: even in the coarsest coding the rest would not fit.
        """
        text = neuron.text(self.coding)
        self._spent += len(text) + 1
        self._foreseen += self._mean(self.coding)
        self._taken += 1
        self._left -= 1
        while not self._fits(self.coding):
            if self._step + 1 == len(LADDER):
                raise PageTooLargeError(self._remedy())
            self._step += 1
        return text

    def _fits(self, coding: Coding) -> bool:
        return self._spent + self._to_come(coding) <= self._room

    def _to_come(self, coding: Coding) -> float:
        """The bytes of the neurons left, as the sample and those met so far foretell them."""
        drift = self._spent / self._foreseen if self._taken > len(self._sample) else MARGIN
        return self._left * self._mean(coding) * drift if self._left else 0.0

    def _mean(self, coding: Coding) -> float:
        if coding not in self._means:
            lengths = [len(neuron.text(coding)) + 1 for neuron in self._sample]
            self._means[coding] = sum(lengths) / len(lengths)
        return self._means[coding]

    def _remedy(self) -> str:
        coarsest = self._mean(LADDER[-1]) * MARGIN
        room = max(0, self._room - self._spent)
        return (
            f"{self._left} neurons need {self._left * coarsest / 1e6:.1f} MB even in the coarsest coding, and "
            f"of the limit {room / 1e6:.1f} MB are left for their pictures, beside maps and code: enough for "
            f"{room / coarsest:.0f}. Ask for fewer channels, layers, neurons_per_channel or architectures, "
            "or raise limit_mb"
        )
