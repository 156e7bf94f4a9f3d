"""Probe what this machine and this torch can do.

A name in torch's namespace proves nothing: oneDNN has a packed convolution for bfloat16 that most processors refuse.
Each fast path is therefore tried once on a few values with a known result, and used if the result is right. Otherwise
a public path computes the same numbers, and `Capability.reason` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from .cuda_graph import CudaGraph
from .numeric_modes import plain_arithmetic, single_precision
from .torch_internals import PackedOperators, packed_operators

REDUCED = (torch.bfloat16, torch.float16)
"""16-bit types: faster where the device has instructions for them, many times slower where it emulates them."""

_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 5e-3, torch.bfloat16: 2e-2}
"""Largest accepted difference, relative to the result's maximum."""


@dataclass(frozen=True)
class Capability:
    """Whether a fast path can be used; truthy if it can.

    Attributes:
        on: it was tried and gave the right values.
        reason: why it is off, in one line; empty if it is on.
    """

    on: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.on


_ON = Capability(True)


def packed_convolution(dtype: torch.dtype) -> Capability:
    """Return whether a processor's convolutions can use prepacked filters; off while oneDNN is off."""
    operators = packed_operators()
    if operators is None:
        return Capability(False, "this torch has no packed convolution")
    if not onednn_enabled():
        return Capability(False, "oneDNN is switched off, or is not in this torch")
    return _tried(_packed_key(dtype, operators), partial(_try_packed, dtype, operators))


def switch_off_packed_convolution(dtype: torch.dtype, error: Exception) -> None:
    """Use the plain convolution from now on, after an error in the packed one."""
    operators = packed_operators()
    if operators is not None:
        _found[_packed_key(dtype, operators)] = Capability(False, _first_line(error))


def reduced_arithmetic(dtype: torch.dtype, device: torch.device) -> Capability:
    """Return whether a device has instructions for a type in `REDUCED`.

    A processor has them if its packed convolution accepts the type, since oneDNN refuses to emulate it.
    """
    if device.type == "cpu":
        return packed_convolution(dtype)
    if dtype == torch.bfloat16 and device.type == "cuda" and not _since_ampere(device):
        return Capability(False, "no bfloat16 arithmetic on this device")
    return _tried(("arithmetic", dtype, device), partial(_try_convolution, dtype, device))


def channels_last(dtype: torch.dtype, device: torch.device) -> Capability:
    """Return whether a device's convolutions are right for channels-last maps."""
    return _tried(
        ("channels last", dtype, device, onednn_enabled()),
        partial(_try_convolution, dtype, device, torch.channels_last),
    )


def double_precision(device: torch.device) -> Capability:
    """Return whether a device has float64; Apple's MPS devices do not."""

    def attempt() -> Capability:
        ones = torch.ones(2, dtype=torch.float64, device=device)
        return _ON if float(ones.sum()) == 2 else Capability(False, "float64 sums are wrong")

    return _tried(("float64", device), attempt)


def tf32(device: torch.device) -> Capability:
    """Return whether a device can round the factors of float32 products to TF32."""
    if device.type == "cuda" and torch.version.hip is None and _since_ampere(device):
        return _ON
    return Capability(False, "no TF32 arithmetic on this device")


def cuda_graphs(device: torch.device) -> Capability:
    """Return whether computations on a device can be captured and replayed as CUDA graphs."""

    def attempt() -> Capability:
        values = torch.ones(4, device=device)
        graph = CudaGraph(lambda: values * 2, device)
        with graph.in_turn():
            values.fill_(3)
            graph.replay()
            replayed = graph.picture.tolist()
        return _ON if replayed == [6.0] * 4 else Capability(False, "a replay gives wrong values")

    if device.type != "cuda":
        return Capability(False, "no CUDA device")
    return _tried(("cuda graphs", device), attempt)


def onednn_enabled() -> bool:
    """Return whether torch may currently use oneDNN."""
    onednn = torch.backends.mkldnn
    return bool(onednn.is_available() and getattr(onednn, "enabled", True))  # type: ignore[no-untyped-call]


def instruction_set() -> str:
    """Return the vector instructions that torch uses, such as ``"AVX2"``; empty if torch does not report them."""
    named: Callable[[], str] | None = getattr(torch.backends.cpu, "get_cpu_capability", None)
    return named() if named is not None else ""


_found: dict[Hashable, Capability] = {}


def _tried(key: Hashable, attempt: Callable[[], Capability]) -> Capability:
    """Return the outcome of an attempt, which is made once.

    Two threads may make it at the same time: waiting could deadlock with a thread that holds the numeric modes.
    """
    known = _found.get(key)
    return known if known is not None else _found.setdefault(key, _outcome(attempt))


def _outcome(attempt: Callable[[], Capability]) -> Capability:
    try:
        with torch.no_grad():
            return attempt()
    except Exception as error:  # reported as the reason
        return Capability(False, _first_line(error))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _since_ampere(device: torch.device) -> bool:
    """Return whether a GPU has instructions for bfloat16 and, from NVIDIA, for TF32."""
    return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8, 0)


def _packed_key(dtype: torch.dtype, operators: PackedOperators) -> Hashable:
    return ("packed convolution", dtype, operators)


def _try_packed(dtype: torch.dtype, operators: PackedOperators) -> Capability:
    x, weight = _example(dtype, torch.device("cpu"), torch.channels_last)
    with plain_arithmetic(x), single_precision(x, tf32=False):
        packed = operators.packed(weight, x.shape, (1, 1), (1, 1), (1, 1))
        made = operators.convolve(x, packed, (1, 1), (1, 1), (1, 1))
    return _compared(made, x, weight)


def _try_convolution(
    dtype: torch.dtype,
    device: torch.device,
    order: torch.memory_format = torch.contiguous_format,
) -> Capability:
    x, weight = _example(dtype, device, order)
    with plain_arithmetic(x), single_precision(x, tf32=False):
        made = F.conv2d(x, weight, None, 1, 1)
        stamps = weight.transpose(0, 1).flip(2, 3).contiguous(memory_format=order)
        transposed = F.conv_transpose2d(x, stamps, None, 1, 1)
    return _compared(made, x, weight) and _compared(transposed, x, weight)


def _example(
    dtype: torch.dtype, device: torch.device, order: torch.memory_format
) -> tuple[Tensor, Tensor]:
    """Return maps (2, 16, 5, 6) and filters (16, 16, 3, 3), without drawing from the user's random generator."""
    shapes = (2, 16, 5, 6), (16, 16, 3, 3)
    x, weight = (
        torch.arange(shape[0] * shape[1] * shape[2] * shape[3], dtype=torch.float32, device="cpu")
        .mul(0.7)
        .sin()
        .view(shape)
        for shape in shapes
    )
    return tuple(values.to(device, dtype).contiguous(memory_format=order) for values in (x, weight))  # type: ignore[return-value]


def _compared(made: Tensor, x: Tensor, weight: Tensor) -> Capability:
    """Compare a result with the convolution in float64 on the processor, in contiguous order."""
    right = F.conv2d(x.cpu().double().contiguous(), weight.cpu().double().contiguous(), None, 1, 1)
    error = float((made.cpu().double() - right).abs().max() / right.abs().max())
    if error <= _TOLERANCE[made.dtype]:
        return _ON
    return Capability(False, f"it differs from the plain convolution by {error:.1%} of the maximum")
