"""Weights prepared for the way back: in another precision, flipped, packed; kept from one reversal to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import Parameter

from .capabilities import REDUCED


class PreparedWeights:
    """A network's weights in the forms that its reversed layers read, each made once.

    Only parameters are stored: a weight that `forward` computes, as by weight norm, is a new tensor each time.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[int, str, torch.dtype], tuple[Tensor, Tensor, Tensor]] = {}
        self._lock = threading.Lock()

    def get(
        self, weight: Tensor, form: str, dtype: torch.dtype, make: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Return ``make(weight)`` in a precision; stored where the weight is a parameter.

        Args:
            weight: the layer's weight.
            form: a name for what `make` does.
            dtype: the precision of the way back.
            make: prepares the weight.
        """
        key = (id(weight), form, dtype)
        entry = self._entries.get(key)
        if entry is not None and entry[0] is weight:
            return entry[2]
        prepared = make(weight.detach().to(dtype))
        if isinstance(weight, Parameter):
            with self._lock:
                self._entries[key] = (weight, _fingerprint(weight), prepared)
        return prepared

    def tensors(self) -> list[Tensor]:
        """Return everything that is stored."""
        with self._lock:
            return [prepared for _, _, prepared in self._entries.values()]

    def keep_unchanged(self, weights: Iterable[Tensor]) -> None:
        """Forget what was made from weights that are not among these, or that were written or moved since.

        Writes through ``.data`` are noticed too, although they do not raise a tensor's version.

        Args:
            weights: the network's parameters.
        """
        held = {id(weight) for weight in weights}
        with self._lock:
            for key, (weight, fingerprint, _) in list(self._entries.items()):
                if id(weight) not in held or not _identical(_fingerprint(weight), fingerprint):
                    del self._entries[key]


def _fingerprint(weight: Tensor) -> Tensor:
    """Return numbers that change with the weight: the sum of products of neighbours, the first and the last value."""
    flat = weight.detach().flatten()
    if flat.dtype in REDUCED:  # a sum of 8 bits may not change with one weight
        flat = flat.float()
    return torch.stack([torch.dot(flat[:-1], flat[1:]), flat[0], flat[-1]])


def _identical(a: Tensor, b: Tensor) -> bool:
    return a.device == b.device and a.dtype == b.dtype and torch.equal(a, b)
