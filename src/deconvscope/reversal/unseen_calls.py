"""What a function mode cannot see: scripted and compiled code. It is refused, never recorded in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from .errors import RecordingError
from .nested import tensors_in


def require_transparent(parts: Mapping[str, nn.Module]) -> None:
    """Raise where a part of the network is scripted, traced or compiled.

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
        if getattr(part, "_compiled_call_impl", None) is not None or "_orig_mod" in part._modules:
            raise RecordingError(
                f"{where} is compiled, and its calls cannot be seen; "
                "record the module before torch.compile (compiled._orig_mod)"
            )


class _InsideCall(TorchFunctionMode):
    """Marks the time spent inside calls that a function mode sees, and the tensors that they make."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.depth = 0
        self.made: dict[int, Tensor] = {id(image): image}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.depth += 1
        try:
            value = func(*args, **(kwargs or {}))
        finally:
            self.depth -= 1
        for tensor in tensors_in(value):
            self.made[id(tensor)] = tensor
        return value


class _OutsideCalls(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the first operator that runs outside every call seen, on a tensor of this pass."""

    def __init__(self, inside: _InsideCall) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.inside = inside
        self.unseen = ""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        outside = self.inside.depth == 0
        if outside and any(id(t) in self.inside.made for t in tensors_in((args, kwargs or {}))):
            self.unseen = self.unseen or str(
                func
            )  # an exception would be rewritten by an interpreter in between
        return func(*args, **(kwargs or {}))


def require_all_seen(forward: Callable[[], object], image: Tensor) -> None:
    """Run the network once more and raise where part of the computation escapes function modes.

    It is called when a recording met a tensor of unknown origin: a constant kept outside the module's
    parameters and buffers, or the result of a scripted function.

    Raises:
        RecordingError: naming the operator.
    """
    inside = _InsideCall(image)
    outside = _OutsideCalls(inside)
    with outside, inside:
        forward()
    if outside.unseen:
        raise RecordingError(
            f"the operator {outside.unseen} runs inside scripted or compiled code, which cannot be seen; "
            "use the plain Python function (without torch.jit.script or torch.compile)"
        )
