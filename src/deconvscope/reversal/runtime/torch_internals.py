"""Every private name of torch that this package uses, each looked up when used, with a public fall-back.

If a name is gone, reversal is slower or layers lose their names; pictures do not change.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import Tensor, nn

Pair = tuple[int, int]


@dataclass(frozen=True)
class PackedOperators:
    """The two oneDNN operators with which PyTorch's compiler packs filters and convolves with them."""

    pack: Callable[..., Tensor]
    run: Callable[..., Tensor]

    def packed(
        self, weight: Tensor, size: Sequence[int], stride: Pair, padding: Pair, dilation: Pair
    ) -> Tensor:
        """Return filters (C_out, C, k, k) packed for maps of about this size."""
        return self.pack(weight, padding, stride, dilation, 1, list(size))

    def convolve(
        self, x: Tensor, packed: Tensor, stride: Pair, padding: Pair, dilation: Pair
    ) -> Tensor:
        """Convolve maps (N, C, H, W) with packed filters, without bias."""
        return self.run(x, packed, None, padding, stride, dilation, 1, "none", [], "")


def packed_operators() -> PackedOperators | None:
    """Return oneDNN's packed convolution; None if torch does not have the operators."""
    operators: Any = getattr(torch.ops, "mkldnn", None)
    pack = getattr(operators, "_reorder_convolution_weight", None)
    run = getattr(operators, "_convolution_pointwise", None)
    return None if pack is None or run is None else PackedOperators(pack, run)


def write_mark(tensor: Tensor) -> int:
    """Return a number that changes when the tensor is written in place.

    It is torch's version counter, or a checksum of the values if there is none, as for inference-mode tensors.
    """
    if not tensor.is_inference():
        count = getattr(tensor, "_version", None)
        if isinstance(count, int):
            return count
    values = tensor.detach().cpu().contiguous().flatten()
    return zlib.crc32(values.view(torch.uint8).numpy().tobytes())


# --- shared memory -----------------------------------------------------------------------------------------


def is_view_of(tensor: Tensor, other: Tensor) -> bool:
    """Return whether a tensor is a view that shares its memory with another tensor."""
    if tensor is other:
        return False
    if hasattr(tensor, "_base"):
        base = tensor._base
        return base is not None and (other is base or other._base is base)
    return _address(tensor) == _address(other) != 0


def is_view(tensor: Tensor, known: Iterable[Tensor]) -> bool:
    """Return whether a tensor is a view.

    Args:
        tensor: any tensor.
        known: tensors that may share its memory. If torch does not say whether it is a view, it counts as one if it
            shares their memory or fills only part of its own.
    """
    if hasattr(tensor, "_base"):
        return tensor._base is not None
    part = tensor.untyped_storage().nbytes() != tensor.numel() * tensor.element_size()
    return part or any(is_view_of(tensor, other) for other in known)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


# --- running modules and functions -------------------------------------------------------------------------


def current_frame() -> FrameType | None:
    """Return the caller's frame; None if Python does not keep frames."""
    if hasattr(sys, "_getframe"):
        return sys._getframe(1)
    try:
        raise LookupError
    except LookupError as error:
        return error.__traceback__ and error.__traceback__.tb_frame.f_back


def called_module(frame: FrameType) -> nn.Module | None:
    """Return the module that a frame calls; None for any other frame.

    A call's frame is the one in which torch runs a module's hooks. If its code is not known, it is that of the
    module's ``forward``, except for base classes' ``forward`` called by it.
    """
    code = module_call()
    if code is not None:
        return frame.f_locals["self"] if frame.f_code is code else None
    module = _self_of_forward(frame)
    caller = frame.f_back
    while caller is not None and module is not None and caller.f_code.co_name != "forward":
        caller = caller.f_back
    return None if caller is not None and _self_of_forward(caller) is module else module


def module_call() -> CodeType | None:
    """Return the code with which torch calls a module; None if it is not known."""
    code = getattr(getattr(nn.Module, "_call_impl", None), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _self_of_forward(frame: FrameType) -> nn.Module | None:
    code = frame.f_code
    if code.co_name != "forward" or not code.co_argcount:
        return None
    module = frame.f_locals.get(code.co_varnames[0])
    return module if isinstance(module, nn.Module) else None


def is_function_context(value: object) -> bool:
    """Return whether a value is the context of a custom autograd function."""
    kind = getattr(torch.autograd.function, "FunctionCtx", None)
    if kind is not None:
        return isinstance(value, kind)
    return hasattr(value, "save_for_backward") and not isinstance(value, Tensor)


def checkpoint_forward() -> CodeType | None:
    """Return the code of reentrant ``torch.utils.checkpoint``; None if it is not known."""
    function = getattr(torch.utils.checkpoint, "CheckpointFunction", None)
    code = getattr(getattr(function, "forward", None), "__code__", None)
    return code if isinstance(code, CodeType) else None


def is_compiled(part: nn.Module) -> bool:
    """Return whether a module was compiled, in place or by wrapping."""
    return getattr(part, "_compiled_call_impl", None) is not None or any(
        name == "_orig_mod" for name, _ in part.named_children()
    )


# --- nodes of autograd's graph -----------------------------------------------------------------------------


def function_class(node: Any) -> type | None:
    """Return the class of a custom function's node; None for other nodes.

    If torch does not name it, return the node's own class, which torch makes for each function.
    """
    if not hasattr(node, "needs_input_grad"):
        return None
    cls = getattr(node, "_forward_cls", None)
    return cls if isinstance(cls, type) else type(node)


def output_shapes(node: Any) -> list[tuple[tuple[int, ...], torch.dtype, torch.device]] | None:
    """Return shape, type and device of each output of a custom function's call; None if torch does not report them."""
    metadata = getattr(node, "_input_metadata", None)  # of the backward's inputs
    if metadata is None:
        return None
    return [(tuple(made.shape), made.dtype, made.device) for made in metadata]


def owner_of_node(made: Tensor) -> Any:
    """Return an object that keeps a tensor's node alive.

    A custom function's Python node does not hold its C++ part in every release of torch. The node of a view of the
    output does, as in `torch.autograd.graph.get_gradient_edge`.
    """
    with torch.enable_grad():
        return made.view_as(made).grad_fn


def unpacks_by(node: Any, hook: Callable[[Tensor], Tensor]) -> bool:
    """Return whether a custom function's saved tensors are unpacked by this hook or by none."""
    saved = getattr(node, "_raw_saved_tensors", None) or ()
    return all(getattr(one, "unpack_hook", None) in (None, hook) for one in saved)


def is_torch_function(cls: type | None, name: str) -> bool:
    """Return whether a custom function is torch's own function of that name."""
    return cls is not None and cls.__name__ == name and cls.__module__.startswith("torch.")


# --- functions ---------------------------------------------------------------------------------------------


def namespaces() -> Iterator[Any]:
    """Yield the namespaces of the functions that a `TorchFunctionMode` may receive."""
    private = getattr(torch, "_C", None)
    operators = getattr(torch, "ops", None)
    yield from (torch, F, torch.Tensor)
    for namespace in (
        getattr(private, "_nn", None),
        getattr(torch, "special", None),
        getattr(operators, "aten", None),
    ):
        if namespace is not None:
            yield namespace


def zero_where_not_positive(signal: Tensor, y: Tensor) -> None:
    """Set a signal to zero in place where y ≤ 0; y has its type and broadcasts to it."""
    operator = getattr(getattr(torch.ops, "aten", None), "threshold_backward", None)
    in_place = getattr(operator, "grad_input", None)
    if in_place is not None:
        in_place(signal, y, 0, grad_input=signal)
    else:
        signal.masked_fill_(y <= 0, 0)
