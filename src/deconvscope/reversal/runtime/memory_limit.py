"""Recognise and report failed allocations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_FAILED_ALLOCATIONS = (
    "out of memory",  # CUDA errors without a type of their own, and MPS
    "_ALLOC_FAILED",  # cuBLAS, cuDNN …
    "can't allocate memory",  # CPU
    "not enough memory",  # CPU on Windows
)


class MemoryLimitError(RuntimeError):
    """An image's activations, or the reversal of one neuron, do not fit in the device's memory."""


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error reports a failed allocation, on any device."""
    message = str(error)
    return isinstance(error, torch.OutOfMemoryError) or any(
        phrase in message for phrase in _FAILED_ALLOCATIONS
    )


def release_cached_memory(device: torch.device) -> None:
    """Release the memory that torch caches on a device, so that a smaller batch may fit."""
    empty_cache = getattr(getattr(torch, device.type, None), "empty_cache", None)
    if empty_cache is not None:  # CPU memory is not cached
        empty_cache()


@contextmanager
def recording_within_memory(image: Tensor) -> Iterator[None]:
    """Turn failed allocations into a `MemoryLimitError` with a remedy."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryLimitError(
            f"recording an image of {image.shape[-2]}×{image.shape[-1]} pixels does not fit in the memory of "
            f"{image.device}; use a smaller image, forget() other recordings, or use another device"
        ) from error


def reversing_limit(device: torch.device, image: tuple[int, ...]) -> MemoryLimitError:
    """Return the error for one neuron and one architecture that do not fit."""
    return MemoryLimitError(
        f"reversing one neuron with one architecture on an image of {image[-2]}×{image[-1]} pixels does not fit in "
        f"the memory of {device}; use a smaller image, a layer nearer to it, precision='bfloat16', or another device"
    )
