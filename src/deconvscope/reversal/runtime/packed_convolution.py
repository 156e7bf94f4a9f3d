"""Convolutions with filters that are packed for the processor once, not on every call.

PyTorch's CPU convolution reorders its filters into blocks of the vector width on every call. For windows of a few
pixels that costs as much as the arithmetic. Its compiler packs them beforehand with two private operators. They are
used where `capabilities` found them right, the plain convolution elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from .capabilities import channels_last, packed_convolution, switch_off_packed_convolution
from .memory_limit import is_out_of_memory
from .torch_internals import PackedOperators, packed_operators

Pair = tuple[int, int]
Prepared = Callable[[str, Callable[[Tensor], Tensor]], Tensor]
"""Returns a layer's weight in a named form from a cache, filled by a function of the weight."""


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
        prepared: the cache of prepared weights.
        form: the cache's name for the result of `arrange`.
        arrange: turns the layer's weight into filters (C_out, C, k, k).
        stride: of the convolution, along both axes.
        padding: rows above and below, columns left and right.
        dilation: of the filters.
    """
    operators, strides = packed_operators(), (stride, stride)
    if operators is not None and x.device.type == "cpu" and packed_convolution(x.dtype):
        try:
            return _packed(operators, x, prepared, form, arrange, strides, padding, dilation)
        except (RuntimeError, TypeError) as error:
            if is_out_of_memory(error):
                raise
            switch_off_packed_convolution(x.dtype, error)
    x, weight = in_an_order_that_is_right(x, prepared, form, arrange)
    return F.conv2d(x, weight, None, strides, padding, dilation)


def in_an_order_that_is_right(
    x: Tensor, prepared: Prepared, form: str, arrange: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return maps and filters in channels-last order if the device's convolutions are right for it, else contiguous.

    The arguments are those of `convolve`.
    """
    if channels_last(x.dtype, x.device):
        return x, prepared(form, arrange)
    return x.contiguous(), prepared(
        f"{form}, in plain order", lambda weight: arrange(weight).contiguous()
    )


def _packed(
    operators: PackedOperators,
    x: Tensor,
    prepared: Prepared,
    form: str,
    arrange: Callable[[Tensor], Tensor],
    strides: Pair,
    padding: Pair,
    dilation: Pair,
) -> Tensor:
    def pack(weight: Tensor) -> Tensor:
        return operators.packed(arrange(weight), x.shape, strides, padding, dilation)

    return operators.convolve(x, prepared(f"{form}, packed", pack), strides, padding, dilation)
