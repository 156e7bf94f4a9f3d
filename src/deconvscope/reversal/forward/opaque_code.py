"""Refuse what cannot be recorded: scripted and compiled code, quantised arithmetic, sparse tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ..errors import RecordingError
from ..runtime.torch_internals import is_compiled


def require_transparent(parts: Mapping[str, nn.Module]) -> None:
    """Raise where a part of the network is scripted, traced, compiled or quantised.

    Raises:
        RecordingError: with the part's name and what to record instead.
    """
    for name, part in parts.items():
        where = f"layer {name!r}" if name else "the network"
        if isinstance(part, torch.jit.ScriptModule):
            raise RecordingError(
                f"{where} is a TorchScript module, whose calls cannot be seen; "
                "record the nn.Module it was scripted from"
            )
        if is_compiled(part):
            raise RecordingError(
                f"{where} is compiled, and its calls cannot be seen; "
                "record the module before torch.compile (compiled._orig_mod)"
            )
        if ".quantized." in f"{type(part).__module__}.":
            raise quantised(type(part).__name__, name)


def quantised(what: str, where: str) -> RecordingError:
    """Return the error for quantised arithmetic, which has no gradient.

    Args:
        what: the module's class, or the call.
        where: the module's path.
    """
    return RecordingError(
        f"{what} in {where or 'the network'!r} computes with quantised numbers, which have no gradient; "
        "record the floating-point network it was made from"
    )


def require_dense(made: Iterable[Tensor], what: str) -> None:
    """Raise where a call made a sparse tensor, which no reversed rule takes.

    Args:
        made: what the call made.
        what: names the call.

    Raises:
        RecordingError: with the call's name.
    """
    if any(t.layout is not torch.strided for t in made):
        raise RecordingError(
            f"{what} makes a sparse tensor, through which nothing can be reversed; compute with dense tensors"
        )
