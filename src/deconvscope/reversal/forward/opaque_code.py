"""Reject what cannot be recorded: scripted or compiled code, quantised arithmetic, sparse tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ..errors import RecordingError
from ..runtime.torch_internals import is_compiled


def require_transparent(parts: Mapping[str, nn.Module]) -> None:
    """Raise `RecordingError` if a part of the network is scripted, traced, compiled or quantised."""
    for name, part in parts.items():
        where = f"layer {name!r}" if name else "the network"
        if isinstance(part, torch.jit.ScriptModule):
            raise RecordingError(
                f"{where} is a TorchScript module, which hides its calls; "
                "record the nn.Module it was scripted from"
            )
        if is_compiled(part):
            raise RecordingError(
                f"{where} is compiled, which hides its calls; "
                "record the module before torch.compile (compiled._orig_mod)"
            )
        if ".quantized." in f"{type(part).__module__}.":
            raise quantised(type(part).__name__, name)


def quantised(what: str, where: str) -> RecordingError:
    """Return the error for a quantised call or module class `what` in the module at path `where`."""
    return RecordingError(
        f"{what} in {where or 'the network'!r} computes with quantised numbers, which have no gradient; "
        "record the original floating-point network"
    )


def require_dense(made: Iterable[Tensor], what: str) -> None:
    """Raise `RecordingError` if the call named `what` made a sparse tensor: no reversed rule accepts one."""
    if any(t.layout is not torch.strided for t in made):
        raise RecordingError(
            f"{what} makes a sparse tensor, which has no reversed rule; compute with dense tensors"
        )
