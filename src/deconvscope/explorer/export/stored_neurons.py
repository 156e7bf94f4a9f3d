"""The neurons of a page as text, without loss if that fits into the page, else with loss."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deconvscope.display.reconstructions import paper_levels

from .. import responses
from ..session import View
from .coding import Coding, decode, encode
from .draft import Place
from .html import as_json

OF_VIEW = ("neuron", "map", "window", "pictures")
MARGIN = 1.04
"""The mean of a sample may lie below the mean of all."""


class PageTooLargeError(ValueError):
    """The page would be over its limit, even with loss."""


@dataclass(frozen=True)
class StoredNeuron:
    """A reversed neuron before it is coded: the facts that the browser needs, and the pictures."""

    facts: dict[str, Any]
    signals: NDArray[np.float32]

    @classmethod
    def of(cls, view: View) -> StoredNeuron:
        """Return what of a view goes into a page."""
        facts = responses.neuron_traits(view, client="", seq=0)["_view"]
        signals = np.nan_to_num(view.reconstruction.values.detach().float().cpu().numpy())
        return cls({name: facts[name] for name in OF_VIEW}, signals)

    def text(self, coding: Coding) -> str:
        """Return the JSON that stands for this neuron in the page."""
        files = [base64.b64encode(encode(signal, coding)).decode() for signal in self.signals]
        return as_json({**self.facts, "exponent": coding.value, "files": files})

    def differences(self, coding: Coding) -> list[float]:
        """Return the mean error of each picture's pixels, in grey levels of 255."""
        means = []
        for signal, facts in zip(self.signals, self.facts["pictures"], strict=True):
            stored = decode(encode(signal, coding), coding, signal.shape, facts["scale"])
            off = paper_levels(stored, facts["q"]) - paper_levels(signal, facts["q"])
            means.append(float(np.abs(off).mean()) if off.size else 0.0)
        return means


class NeuronTexts:
    """The texts of a page's neurons, in each coding as long as it fits.

    Args:
        count: how many neurons the page will have.
        fixed: bytes of the page without them.
        limit: bytes of the whole page.
    """

    def __init__(self, count: int, fixed: int, limit: int) -> None:
        self._count, self._fixed, self._limit = count, fixed, limit
        self._texts: dict[Coding, dict[Place, str]] = {coding: {} for coding in Coding}
        self._sizes = dict.fromkeys(Coding, 0)

    def add(self, place: Place, neuron: StoredNeuron) -> None:
        """Code a neuron.

        Raises:
            PageTooLargeError: the page is over its limit already.
        """
        for coding, texts in tuple(self._texts.items()):
            texts[place] = neuron.text(coding)
            self._sizes[coding] += len(texts[place]) + 1
            if self._fixed + self._sizes[coding] <= self._limit:
                continue
            if len(self._texts) == 1:
                raise self._too_large(coding)
            del self._texts[coding]

    def foresee(self) -> int:
        """Return the bytes of the whole page, going by the neurons so far.

        Raises:
            PageTooLargeError: the page would be over its limit.
        """
        pages = [self._foreseen(coding) for coding in self._texts]
        fitting = [page for page in pages if page <= self._limit]
        if not fitting:
            raise self._too_large(next(reversed(self._texts)))
        return round(fitting[0])

    @property
    def coding(self) -> Coding:
        """The best coding in which the neurons so far fit."""
        return next(iter(self._texts))

    @property
    def texts(self) -> dict[Place, str]:
        """The texts in that coding."""
        return self._texts[self.coding]

    def _foreseen(self, coding: Coding) -> float:
        mean = self._sizes[coding] / len(self._texts[coding])
        left = self._count - len(self._texts[coding])
        return self._fixed + self._sizes[coding] + left * mean * MARGIN

    def _too_large(self, coding: Coding) -> PageTooLargeError:
        mean = self._sizes[coding] / len(self._texts[coding])
        enough = max(0, self._limit - self._fixed) / mean / MARGIN
        return PageTooLargeError(
            f"the page would be {self._foreseen(coding) / 1e6:.1f} MB, over the limit of "
            f"{self._limit / 1e6:.1f} MB, which is enough for {int(enough)} of its {self._count} neurons; pass fewer "
            "layers, channels, neurons_per_channel or architectures, or a larger limit_mb"
        )
