"""Names of torch that are private: each is looked up when it is used, and where it is gone a public way serves.

Nothing else in this package names them. Without one, speed is lost, or the names of layers; never a picture.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Pair = tuple[int, int]


@dataclass(frozen=True)
class PackedOperators:
    """oneDNN's convolution in two parts, with which PyTorch's compiler packs filters once.

    Attributes:
        pack, run: the operators.
    """

    pack: Callable[..., Tensor]
    run: Callable[..., Tensor]

    def packed(
        self, weight: Tensor, size: Sequence[int], stride: Pair, padding: Pair, dilation: Pair
    ) -> Tensor:
        """Return filters (C_out, C, k, k) in blocks of the vector units' width, for maps of about this size."""
        return self.pack(weight, padding, stride, dilation, 1, list(size))

    def convolve(
        self, x: Tensor, packed: Tensor, stride: Pair, padding: Pair, dilation: Pair
    ) -> Tensor:
        """Return the convolution of maps (N, C, H, W) with packed filters, without bias."""
        return self.run(x, packed, None, padding, stride, dilation, 1, "none", [], "")


def packed_operators() -> PackedOperators | None:
    """Return oneDNN's packed convolution; None where torch has no such operators."""
    operators: Any = getattr(torch.ops, "mkldnn", None)
    pack = getattr(operators, "_reorder_convolution_weight", None)
    run = getattr(operators, "_convolution_pointwise", None)
    return None if pack is None or run is None else PackedOperators(pack, run)


def write_mark(tensor: Tensor) -> int:
    """Return a number that is another after the tensor was written in place.

    It is the count that torch keeps for its own checks. Where there is none, as for tensors made in inference mode,
    it is a checksum of the values.
    """
    if not tensor.is_inference():
        count = getattr(tensor, "_version", None)
        if isinstance(count, int):
            return count
    values = tensor.detach().cpu().contiguous().flatten()
    return zlib.crc32(values.view(torch.uint8).numpy().tobytes())
