"""Random numbers that a call drew, drawn again: by the processor's generator, the device's, and the call's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class RandomStates:
    """Where generators stood.

    Attributes:
        generators: those that a call may draw from.
        states: the state of each.
    """

    generators: tuple[torch.Generator, ...]
    states: tuple[Tensor, ...]

    @classmethod
    def now(cls, generators: Sequence[torch.Generator]) -> RandomStates:
        """Return where generators stand."""
        return cls(tuple(generators), tuple(generator.get_state() for generator in generators))

    def moved(self) -> bool:
        """Tell whether any number was drawn since, whatever drew it."""
        return any(
            not torch.equal(generator.get_state(), state)
            for generator, state in zip(self.generators, self.states, strict=True)
        )

    @contextmanager
    def again(self) -> Iterator[None]:
        """Put the generators back to where they stood, for a while."""
        before = RandomStates.now(self.generators)
        try:
            self._restore()
            yield
        finally:
            before._restore()

    def _restore(self) -> None:
        for generator, state in zip(self.generators, self.states, strict=True):
            generator.set_state(state)


def default_generators(device: torch.device) -> list[torch.Generator]:
    """Return the generators that a call on a device draws from where it is given none."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        generators.append(torch.cuda.default_generators[index])
    return generators
