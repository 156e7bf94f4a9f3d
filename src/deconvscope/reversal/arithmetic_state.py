"""The state of torch that surrounds a computation and would change its numbers: autocast and inference mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def plain_arithmetic(like: Tensor) -> Iterator[None]:
    """Hold autocast and inference mode off, on the device of a tensor, whatever the caller has switched on."""
    with torch.inference_mode(False), torch.autocast(like.device.type, enabled=False):
        yield
