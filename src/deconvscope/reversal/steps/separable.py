"""Linear maps that act along rows and columns alone: average pools and upsampling. Reversed: Myᵀ ŷ Mx."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import ClassVar

import torch
from torch import Tensor

from ..batch import Batch
from ..window import Signal, Window, as_map, whole_map
from .step import Reach, Step

Axis = Callable[[Tensor], Tensor]
"""The map along one axis: (1, size, size, 1) or (1, size, 1, size) identity in, its matrix out."""


class Separable(Step):
    """y = My x Mxᵀ in every channel, for an average pool or an interpolation.

    The two matrices are the layer applied to the identity; none of the bottleneck is needed.
    """

    kind = "average pool"
    rule: ClassVar[str] = "Mᵀ"

    def __init__(
        self,
        x: Tensor,
        rows: Tensor,
        columns: Tensor,
        kind: str,
        reach: tuple[Reach, Reach] | None = None,
    ) -> None:
        """Keep My (h_out, h_in) and Mx (w_out, w_in), and the reach where it is known better than from them."""
        super().__init__(x)
        self.rows, self.columns, self._reach = (
            rows,
            columns,
            reach or (_looked_at(rows), _looked_at(columns)),
        )
        self.named = kind
        self.extent = (x.shape[1], x.shape[2], x.shape[3])

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return which inputs an output sees."""
        return self._reach

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Spread ŷ by the transposed matrices, inside the rows and columns that they reach."""
        y = as_map(y_hat)
        if not y.aligned:
            x = _along(y.spread(), self.rows, self.columns)
            return (whole_map(x, y.lanes),)
        rows = self.rows[y.tops[0] : y.tops[0] + y.height]
        columns = self.columns[y.lefts[0] : y.lefts[0] + y.width]
        top, bottom = _reached(rows)
        left, right = _reached(columns)
        x = _along(y.values, rows[:, top:bottom], columns[:, left:right])
        return (Window(x, y.channel, (top,) * y.lanes, (left,) * y.lanes, self.extent),)


def fixed_windows(kernel: int, stride: int, padding: int) -> Reach:
    """Return the reach along one axis of a pool."""
    return Reach(Fraction(stride), Fraction(-padding), Fraction(kernel))


def matrix(size: int, along: Axis, like: Tensor) -> Tensor:
    """Return the matrix (out, in) of a linear map along one axis, by applying it to the identity.

    Args:
        size: length of the input axis.
        along: maps (size, 1, size, 1)-shaped unit vectors, one a batch entry, to (size, 1, out, 1).
        like: a tensor of the dtype and device wanted.
    """
    identity = torch.eye(size, dtype=like.dtype, device=like.device).view(size, 1, size, 1)
    return along(identity).reshape(size, -1).T.contiguous()


def _looked_at(rows: Tensor) -> Reach:
    """Return a reach that holds the non-zero columns of every row."""
    stride = Fraction(rows.shape[1], rows.shape[0])
    hits = [row.nonzero().flatten() for row in rows]
    first = min(int(hit[0]) - i * stride for i, hit in enumerate(hits) if len(hit))
    last = max(int(hit[-1]) - i * stride for i, hit in enumerate(hits) if len(hit))
    return Reach(stride, first, last - first + 1)


def _along(y: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return rowsᵀ y columns, channels-last: (R, c, h, w) → (R, c, h_in, w_in)."""
    y = torch.einsum("rhwc,hi->riwc", y.permute(0, 2, 3, 1), rows)
    return torch.einsum("riwc,wj->rijc", y, columns).permute(0, 3, 1, 2)


def _reached(part: Tensor) -> tuple[int, int]:
    """Return first and last column that is not zero, at least one."""
    hit = part.ne(0).any(0).nonzero()
    return (int(hit[0]), int(hit[-1]) + 1) if len(hit) else (0, 1)
