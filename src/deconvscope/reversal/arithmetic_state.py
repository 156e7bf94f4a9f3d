"""The state of torch that surrounds a computation and would change its numbers: autocast, inference mode, TF32."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_choosing = threading.RLock()


@contextmanager
def single_precision(like: Tensor, tf32: bool) -> Iterator[None]:
    """Choose whether float32 products on a CUDA device may round their factors to TF32, for a while.

    torch keeps this choice for the whole process: a thread that wants it waits for the one that has made it, and
    what else runs on the device meanwhile, such as training, sees it too.
    """
    if like.device.type != "cuda":
        yield
        return
    cudnn: Any = torch.backends.cudnn
    if hasattr(cudnn, "conv"):
        kinds, switch = [torch.backends.cuda.matmul, cudnn.conv], "fp32_precision"
        choice: object = "tf32" if tf32 else "ieee"
    else:  # before torch 2.9
        kinds, switch, choice = [torch.backends.cuda.matmul, cudnn], "allow_tf32", tf32
    with _choosing:
        before = [getattr(kind, switch) for kind in kinds]
        try:
            for kind in kinds:
                setattr(kind, switch, choice)
            yield
        finally:
            for kind, precision in zip(kinds, before, strict=True):
                setattr(kind, switch, precision)


@contextmanager
def plain_arithmetic(like: Tensor) -> Iterator[None]:
    """Hold autocast and inference mode off, on the device of a tensor, whatever the caller has switched on."""
    device = like.device.type
    if not (torch.is_inference_mode_enabled() or torch.is_autocast_enabled(device)):
        yield
        return
    with torch.inference_mode(False), torch.autocast(device, enabled=False):
        yield
