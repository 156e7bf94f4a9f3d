"""Save and restore random generators, so that a call can be repeated with the same random numbers."""

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
        """Return the generator's state."""

    def set_state(self, new_state: Tensor, /) -> object:
        """Set the generator's state."""


@dataclass(frozen=True)
class RandomStates:
    """The saved states of the `generators` that a call may draw from."""

    generators: tuple[Generator, ...]
    states: tuple[Tensor, ...]

    @classmethod
    def now(cls, generators: Sequence[Generator]) -> RandomStates:
        """Return the current states of generators."""
        return cls(tuple(generators), tuple(generator.get_state() for generator in generators))

    def moved(self) -> bool:
        """Return whether a state has changed since, that is, random numbers were drawn."""
        return any(
            not torch.equal(generator.get_state(), state)
            for generator, state in zip(self.generators, self.states, strict=True)
        )

    @contextmanager
    def again(self) -> Iterator[None]:
        """Restore the saved states inside a with block, and the current ones after it."""
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
    """The generator of a device, through its torch module, such as ``torch.cuda`` or ``torch.mps``."""

    module: Any
    device: torch.device

    def get_state(self) -> Tensor:
        state: Tensor = self.module.get_rng_state(self.device)
        return state

    def set_state(self, new_state: Tensor, /) -> None:
        self.module.set_rng_state(new_state, self.device)


def default_generators(device: torch.device) -> list[Generator]:
    """Return the generators that a call on a device draws from by default."""
    generators: list[Generator] = [torch.default_generator]
    module = getattr(torch, device.type, None)
    if device.type != "cpu" and hasattr(module, "get_rng_state"):
        generators.append(_DeviceGenerator(module, device))
    return generators
