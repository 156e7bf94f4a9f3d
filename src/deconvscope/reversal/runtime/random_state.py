"""Random numbers that a call drew, drawn again: by the processor's generator, the device's, and the call's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


class Generator(Protocol):
    """A source of random numbers, such as a ``torch.Generator``."""

    def get_state(self) -> Tensor:
        """Return where it stands."""

    def set_state(self, new_state: Tensor, /) -> object:
        """Put it where it stood."""


@dataclass(frozen=True)
class RandomStates:
    """Where generators stood.

    Attributes:
        generators: those that a call may draw from.
        states: the state of each.
    """

    generators: tuple[Generator, ...]
    states: tuple[Tensor, ...]

    @classmethod
    def now(cls, generators: Sequence[Generator]) -> RandomStates:
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


@dataclass(frozen=True)
class _DeviceGenerator:
    """The generator of a device.

    Attributes:
        module: torch's for devices of this type, such as ``torch.cuda`` or ``torch.mps``.
        device: the device.
    """

    module: Any
    device: torch.device

    def get_state(self) -> Tensor:
        state: Tensor = self.module.get_rng_state(self.device)
        return state

    def set_state(self, new_state: Tensor, /) -> None:
        self.module.set_rng_state(new_state, self.device)


def default_generators(device: torch.device) -> list[Generator]:
    """Return the generators that a call on a device draws from where it is given none."""
    generators: list[Generator] = [torch.default_generator]
    module = getattr(torch, device.type, None)
    if device.type != "cpu" and hasattr(module, "get_rng_state"):
        generators.append(_DeviceGenerator(module, device))
    return generators
