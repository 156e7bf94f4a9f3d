"""Convolutions whose filters are packed for the processor once, and not anew on every call.

PyTorch's convolution on the CPU brings its filters into blocks of the vector units' width each time, which for
windows of a few pixels costs as much as the sums. Its compiler packs them beforehand by two operators that
``torch.ops.mkldnn`` offers; they are used where they are there, and the plain convolution elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

Pair = tuple[int, int]
Prepared = Callable[[str, Callable[[Tensor], Tensor]], Tensor]
"""Gives a layer's weight in a form of this name, made by a function of the weight where it is not there yet."""

_PACKED_TYPES = (torch.float32, torch.bfloat16)


def convolve(
    x: Tensor,
    prepared: Prepared,
    form: str,
    arrange: Callable[[Tensor], Tensor],
    stride: int,
    padding: Pair,
    dilation: Pair,
) -> Tensor:
    """Return ``conv2d(x, arrange(weight), …)`` with one group and no bias.

    Args:
        x: (N, C, H, W) in channels-last order.
        prepared: gives the weight in a form.
        form: a name for what `arrange` makes.
        arrange: turns the layer's weight into filters (C_out, C, k, k).
        stride: of the convolution, along both axes.
        padding: rows above and below, columns left and right.
        dilation: of the filters.
    """
    if not _can_pack(x):
        return F.conv2d(x, prepared(form, arrange), None, stride, padding, dilation)

    def pack(weight: Tensor) -> Tensor:
        return torch.ops.mkldnn._reorder_convolution_weight(  # type: ignore[no-any-return]
            arrange(weight), padding, (stride, stride), dilation, 1, list(x.shape)
        )

    return torch.ops.mkldnn._convolution_pointwise(  # type: ignore[no-any-return]
        x,
        prepared(f"{form}, packed", pack),
        None,
        padding,
        (stride, stride),
        dilation,
        1,
        "none",
        [],
        "",
    )


def _can_pack(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype in _PACKED_TYPES and _operators_are_there()


@cache
def _operators_are_there() -> bool:
    return (
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_convolution_weight")
    )
