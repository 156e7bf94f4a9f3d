"""Control the global state of torch that changes numbers: autocast, inference mode, TF32.

Most of it is per process, so that code in other threads, such as training, sees it too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

_choosing = threading.RLock()
_full_precision = threading.Lock()
_restore: list[Callable[[], None]] = []
_holders = 0


@contextmanager
def single_precision(like: Tensor, tf32: bool) -> Iterator[None]:
    """Set whether float32 products may round their factors, and restore the setting afterwards.

    A process can enable rounding: to TF32 on a CUDA device, to bfloat16 or TF32 on a processor.

    Args:
        like: a tensor on the device.
        tf32: whether a CUDA device may round to TF32; threads on CUDA devices wait for each other. On a processor
            rounding is always off.
    """
    if like.device.type == "cpu":
        with _in_full_precision():
            yield
    elif like.device.type == "cuda":
        choice: object = ("tf32" if tf32 else "ieee") if _by_operator() else tf32
        kinds = _cuda_kinds()
        with _choosing:
            before = [(kind, switch, getattr(kind, switch)) for kind, switch in kinds]
            try:
                for kind, switch in kinds:
                    setattr(kind, switch, choice)
                yield
            finally:
                for kind, switch, precision in before:
                    setattr(kind, switch, precision)
    else:
        yield


def _by_operator() -> bool:
    """Return whether torch has a precision setting per operator, as since 2.9."""
    return hasattr(torch.backends.cudnn, "conv")


def _cuda_kinds() -> list[tuple[Any, str]]:
    cudnn: Any = torch.backends.cudnn
    if _by_operator():
        return [(torch.backends.cuda.matmul, "fp32_precision"), (cudnn.conv, "fp32_precision")]
    return [(torch.backends.cuda.matmul, "allow_tf32"), (cudnn, "allow_tf32")]


@contextmanager
def _in_full_precision() -> Iterator[None]:
    """Compute a processor's float32 products in full precision; the last of several threads restores the setting."""
    global _holders
    with _full_precision:
        _holders += 1
        if _holders == 1:
            _restore.extend(_hold_full_precision())
    try:
        yield
    finally:
        with _full_precision:
            _holders -= 1
            if _holders == 0:
                while _restore:
                    _restore.pop()()


def _hold_full_precision() -> list[Callable[[], None]]:
    """Set full precision; return functions that restore the settings changed."""
    onednn: Any = torch.backends.mkldnn
    if not hasattr(onednn, "conv"):  # before torch 2.9
        chosen = torch.get_float32_matmul_precision()
        if chosen == "highest":
            return []
        torch.set_float32_matmul_precision("highest")
        return [partial(torch.set_float32_matmul_precision, chosen)]
    restore: list[Callable[[], None]] = []
    for kind in (onednn.matmul, onednn.conv):
        if kind.fp32_precision not in ("ieee", "none"):
            restore.append(partial(setattr, kind, "fp32_precision", kind.fp32_precision))
            kind.fp32_precision = "ieee"
    return restore


@contextmanager
def plain_arithmetic(like: Tensor) -> Iterator[None]:
    """Switch autocast, on the device of a tensor, and inference mode off."""
    device = like.device.type
    if not (torch.is_inference_mode_enabled() or torch.is_autocast_enabled(device)):
        yield
        return
    with torch.inference_mode(False), torch.autocast(device, enabled=False):
        yield
