"""Random numbers that a call drew, drawn again: by the processor's generator and by the device's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor


def random_states(device: torch.device) -> list[Tensor]:
    """Return where the generators stand that a call on the device may draw from."""
    return [generator.get_state() for generator in _generators(device)]


@contextmanager
def drawn_again(device: torch.device, states: Sequence[Tensor]) -> Iterator[None]:
    """Put the generators back to where they stood, for a while.

    Args:
        device: where the calls run.
        states: as `random_states` returned them for it.
    """
    generators, before = _generators(device), random_states(device)
    try:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)


def _generators(device: torch.device) -> list[torch.Generator]:
    generators = [torch.default_generator]
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        generators.append(torch.cuda.default_generators[index])
    return generators
