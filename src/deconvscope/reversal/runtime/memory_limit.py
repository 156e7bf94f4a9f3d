"""What to do where memory does not suffice: smaller batches, then a clear word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_FAILED_ALLOCATIONS = (
    "out of memory",  # CUDA, where torch raises no type of its own for it, and MPS
    "_ALLOC_FAILED",  # CUBLAS and its like
    "can't allocate memory",  # a processor's
    "not enough memory",  # the same on Windows
)


class MemoryLimitError(RuntimeError):
    """An image, or one neuron of it under one architecture, does not fit the memory of the device."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that an allocation failed, on whatever device."""
    told = str(error)
    return isinstance(error, torch.OutOfMemoryError) or any(
        words in told for words in _FAILED_ALLOCATIONS
    )


def release_cached_memory(device: torch.device) -> None:
    """Give back what torch holds for later, so that a smaller batch may find room."""
    empty_cache = getattr(getattr(torch, device.type, None), "empty_cache", None)
    if empty_cache is not None:  # a processor's memory goes back by itself
        empty_cache()


@contextmanager
def recording_within_memory(image: Tensor) -> Iterator[None]:
    """Say what to do where the activations of an image do not fit."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryLimitError(
            f"recording an image of {image.shape[-2]}×{image.shape[-1]} pixels does not fit the memory of "
            f"{image.device}; use a smaller image, forget() other recordings, or use another device"
        ) from error


def reversing_limit(device: torch.device, image: tuple[int, ...]) -> MemoryLimitError:
    """Return the error for a single neuron under a single architecture that does not fit."""
    return MemoryLimitError(
        f"reversing one neuron under one architecture on an image of {image[-2]}×{image[-1]} pixels does not fit "
        f"the memory of {device}; use a smaller image, a layer nearer to it, precision='bfloat16', or another device"
    )
