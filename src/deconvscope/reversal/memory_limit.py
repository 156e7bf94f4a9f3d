"""What to do where memory does not suffice: smaller batches, then a clear word."""

from __future__ import annotations

import torch

_CPU_ALLOCATION = "can't allocate memory"


class MemoryLimitError(RuntimeError):
    """One neuron under one architecture does not fit the memory of the device."""


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that an allocation failed, on whatever device."""
    return isinstance(error, torch.OutOfMemoryError) or _CPU_ALLOCATION in str(error)


def release_cached_memory(device: torch.device) -> None:
    """Give back what torch holds for later, so that a smaller batch may find room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def memory_limit(device: torch.device, image: tuple[int, ...]) -> MemoryLimitError:
    """Return the error for a single neuron under a single architecture that does not fit."""
    return MemoryLimitError(
        f"reversing one neuron under one architecture on an image of {image[-2]}×{image[-1]} pixels does not fit "
        f"the memory of {device}; use a smaller image, a layer nearer to it, precision='bfloat16', or another device"
    )
