"""Calls that sum over axes: linear layers, matrix products, attention, reductions."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

from torch import Tensor

from .axes import (
    CHANNEL,
    COPY,
    NO_GRID,
    OTHER,
    PLACE,
    Axes,
    Axis,
    Factor,
    length,
    normal,
    unknown,
    without,
)
from .calls import Call, Result, rule
from .elementwise import arithmetic
from .moving import listed
from .places import contracted

Label = Hashable

FAR = 1e6
"""Keeps the ranks of channels that come from two tensors apart."""


# --- linear layers ----------------------------------------------------------------------------------------------


@rule("linear")
def linear(call: Call, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Axes:
    """Make new channels along the last axis, and keep the places."""
    a = call.of(input)
    return unknown(call.shape) if a is None else with_new_axis(a, a.ndim - 1, call.shape[-1])


def with_new_axis(a: Axes, dim: int, size: int) -> Axes:
    """Return the axes after a linear map along one axis: new channels if it ran over channels, else mixtures."""
    kinds = {factor.kind for factor in a.axes[dim]}
    fresh = CHANNEL if CHANNEL in kinds or kinds <= {COPY} else OTHER
    left = contracted(a, [dim]) if PLACE in kinds else a
    return left.replaced(dim, (Factor(fresh, size, math.inf),))


# --- reductions -------------------------------------------------------------------------------------------------

DIM_SECOND = ["norm", "vector_norm", "linalg_vector_norm", "nanquantile", "quantile", "kthvalue"]


@rule(
    "mean", "sum", "amax", "amin", "max", "min", "prod", "var", "std", "var_mean", "std_mean", "logsumexp", "median",
    "mode", "nanmean", "nansum", "nanmedian", "all", "any", *DIM_SECOND,
)  # fmt: skip
def reduction(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Result:
    """Sum over axes: places merge, channels are gone."""
    a = call.known(input)
    shape = call.shape
    if args and isinstance(args[0], Tensor) and call.name in ("max", "min"):
        return arithmetic(call, input, *args, **kwargs)
    at = 1 if call.name in DIM_SECOND else 0
    dim = kwargs.get("dim", args[at] if len(args) > at else None)
    if not a.ndim:
        return None
    if dim is None or isinstance(dim, bool) or dim in ((), []):
        dims = list(range(a.ndim))
    else:
        dims = [d % a.ndim for d in listed((dim,))]
    result = contracted(a, dims)
    if len(shape) < a.ndim:
        result = result.dropped(*dims)
    count = 1 if isinstance(call.output, Tensor) else len(call.output)
    return [result] * count


@rule("topk", "sort", "msort", "unique", "cummax", "cummin")
def scrambled(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Result:
    """Lose what stood along an axis that is sorted."""
    a = call.known(input)
    at = 1 if call.name == "topk" else 0
    if not a.ndim:
        return None
    dim = kwargs.get("dim", args[at] if len(args) > at else -1) % a.ndim
    if call.name == "unique" or (a.holds(PLACE, dim) and len(a.axes[dim]) > 1):
        return None
    first = contracted(a, [dim]).replaced(dim, (Factor(OTHER, call.shape[dim]),))
    return [first, None]


# --- products ---------------------------------------------------------------------------------------------------


@rule("matmul", "rmatmul", "bmm", "mm", "mv", "dot")
def matmul(call: Call, input: Tensor, other: Tensor) -> Axes:
    """Multiply matrices."""
    if call.name == "rmatmul":
        input, other = other, input
    return _matrix_product(call, input, other)


@rule("baddbmm", "addmm")
def addmm(call: Call, input: Tensor, first: Tensor, second: Tensor, **kwargs: Any) -> Axes:
    """Multiply matrices, and add a constant."""
    if call.of(input) is not None:
        return unknown(call.shape)
    return _matrix_product(call, first, second)


def _matrix_product(call: Call, first: Tensor, second: Tensor) -> Axes:
    count = max(first.ndim, second.ndim)
    batch = list(range(count))
    left = ["k"] if first.ndim == 1 else [*batch[count - first.ndim + 2 :], "i", "k"]
    right = ["k"] if second.ndim == 1 else [*batch[count - second.ndim + 2 :], "k", "j"]
    out: list[Label] = [*batch[2:]]
    out += ["i"] if first.ndim > 1 else []
    out += ["j"] if second.ndim > 1 else []
    return product(call.of(first), left, call.of(second), right, out, call.shape)


@rule("einsum")
def einsum(call: Call, equation: Any, *operands: Any) -> Axes:
    """Multiply and sum as an equation says."""
    if len(operands) == 1 and not isinstance(operands[0], Tensor):
        operands = tuple(operands[0])
    if not isinstance(equation, str) or len(operands) > 2:
        return unknown(call.shape)
    inputs, _, out = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if "->" not in equation:
        letters = sorted(c for c in set(inputs) if c.isalpha() and inputs.count(c) == 1)
        out = ("..." if "..." in inputs else "") + "".join(letters)
    labels = [_labels(term, t.ndim) for term, t in zip(terms, operands, strict=True)]
    if any(len(set(row)) < len(row) for row in labels):
        return unknown(call.shape)  # a diagonal
    wanted = _labels(out, len(call.shape))
    given = [call.of(t) for t in operands]
    if len(operands) == 1:
        return product(given[0], labels[0], None, [], wanted, call.shape)
    return product(given[0], labels[0], given[1], labels[1], wanted, call.shape)


def _labels(term: str, ndim: int) -> list[Label]:
    before, dots, after = term.partition("...")
    if not dots:
        return list(term)
    count = ndim - len(before) - len(after)
    return [*before, *range(-count, 0), *after]


def product(
    a: Axes | None,
    a_labels: Sequence[Label],
    b: Axes | None,
    b_labels: Sequence[Label],
    out: list[Label],
    shape: tuple[int, ...],
) -> Axes:
    """Return the axes of a product of two tensors, summed over the labels that the output lacks.

    Places come from the rows (labels of the first tensor alone) where these run over places, else from the columns;
    channels from the columns, else from the rows. Where a constant is multiplied with channels, its own labels are new
    channels.
    """
    if a is None and b is None:
        return unknown(shape)
    size = dict(zip(out, shape, strict=True))
    rows = [label for label in out if label not in b_labels]
    columns = [label for label in out if label not in a_labels]
    first = _Side(a, a_labels, out)
    if b is not None and first.has(PLACE, rows):
        b = b.unplaced()  # its places are of no account
    second = _Side(b, b_labels, out)
    for side, own in ((first, rows), (second, columns)):
        other = second if side is first else first
        if side.axes is None and other.summed_channels:
            side.made = {
                label: (Factor(CHANNEL, size[label], FAR + i),) for i, label in enumerate(own)
            }
    placed = next(
        (
            side
            for side, own in ((first, rows), (second, columns), (first, out), (second, out))
            if side.has(PLACE, own) or (own is not out and side.is_one_place)
        ),
        first if first.axes is not None else second,
    )
    channelled = second if second.has(CHANNEL, columns) or not first.has(CHANNEL, out) else first
    pairs = first.has(CHANNEL, rows) and second.has(CHANNEL, columns)  # a channel for each pair
    axes: list[Axis] = []
    for label in out:
        axis: Axis | None
        if label in rows:
            side, axis = first, _outside(first.of(label), FAR if pairs else 0)
        elif label in columns:
            side, axis = second, second.of(label)
        else:
            side, axis = _shared(label, placed, channelled)
            axis = _outside(axis, 2 * FAR if pairs else 0)
        if axis is None or length(axis) != size[label]:
            axis = (Factor(OTHER, size[label]),)
        axes.append(axis if side is placed else without(axis, PLACE))
    source = placed.axes
    if source is None:
        return normal(axes, NO_GRID)
    there = [f.size for axis in axes for f in axis if f.kind == PLACE]
    if sorted(there) != sorted(source.sizes(PLACE)):
        return normal([without(axis, PLACE) for axis in axes], NO_GRID)
    order = [placed.labels.index(label) for label in out if label in placed.labels]
    moved = source.permuted([*order, *(i for i in range(source.ndim) if i not in order)])
    return normal(axes, source.grid, moved.places, source.prefix)


class _Side:
    """One of the tensors of a product, after the sum."""

    def __init__(self, a: Axes | None, labels: Sequence[Label], out: Sequence[Label]) -> None:
        summed = [i for i, label in enumerate(labels) if label not in out]
        self.labels = list(labels)
        kinds = {f.kind for i in summed for f in a.axes[i]} if a is not None else {OTHER}
        self.summed_channels = CHANNEL in kinds or kinds <= {COPY}
        self.axes = a if a is None or not summed else contracted(a, summed)
        self.made: dict[Label, Axis] = {}

    def of(self, label: Label) -> Axis | None:
        if label in self.made:
            return self.made[label]
        if self.axes is None or label not in self.labels:
            return None
        return self.axes.axes[self.labels.index(label)]

    def has(self, kind: str, labels: Sequence[Label]) -> bool:
        return any(f.kind == kind for label in labels for f in self.of(label) or ())

    @property
    def is_one_place(self) -> bool:
        """Whether all of it stands at one place or prefix token."""
        return self.axes is not None and self.axes.places is not None and not self.axes.holds(PLACE)


def _outside(axis: Axis | None, far: float) -> Axis | None:
    """Return an axis whose channels stand further outside."""
    return axis and tuple(f._replace(rank=f.rank - far) for f in axis)


def _shared(label: Label, placed: _Side, channelled: _Side) -> tuple[_Side, Axis | None]:
    """Return the factors of an axis that both tensors have, and which of the two tells them."""
    by_place, by_channel = placed.of(label), channelled.of(label)
    if by_place and any(f.kind == PLACE for f in by_place):
        if placed is not channelled and any(f.kind == CHANNEL for f in by_place):
            same = by_channel and [f[:2] for f in by_channel] == [f[:2] for f in by_place]
            return placed, by_channel if same else without(by_place, CHANNEL)
        return placed, by_place
    if by_channel:
        return channelled, by_channel
    return placed, by_place


# --- attention --------------------------------------------------------------------------------------------------


@rule("scaled_dot_product_attention")
def attention(
    call: Call, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any
) -> Axes:
    """Keep the places of the queries, and take the channels of the values."""
    batch = list(range(query.ndim - 2))
    q, k, v = call.of(query), call.of(key), call.of(value)
    out: list[Label] = [*batch, "q", "d"]
    if not query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:  # queries share keys and values
        return unknown(call.shape) if q is None else with_new_axis(q, q.ndim - 1, call.shape[-1])
    scores = product(
        q, [*batch, "q", "c"], k, [*batch, "k", "c"], [*batch, "q", "k"],
        (*query.shape[:-1], key.shape[-2]),
    )  # fmt: skip
    return product(scores, [*batch, "q", "k"], v, [*batch, "k", "d"], out, call.shape)


@rule("multi_head_attention_forward")
def multi_head(call: Call, query: Tensor, *args: Any, **kwargs: Any) -> Result:
    """Keep the places of the queries, with new channels."""
    q = call.of(query)
    if q is None:
        return None
    return [with_new_axis(q, q.ndim - 1, call.shape[-1]), None]


# --- Fourier transforms -----------------------------------------------------------------------------------------


@rule(
    "fft_fft2", "fft_ifft2", "fft_rfft2", "fft_irfft2", "fft_fft", "fft_ifft", "fft_rfft", "fft_irfft",
    "fft2", "ifft2", "rfft2", "irfft2", "fft", "ifft", "rfft", "irfft", "rfftn", "irfftn", "fftn", "ifftn",
)  # fmt: skip
def fourier(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Lose the places: a frequency belongs to all of them."""
    a = call.known(input).unplaced()
    for dim, (old, new) in enumerate(zip(a.shape, call.shape, strict=True)):
        if old != new:
            a = a.replaced(dim, (Factor(OTHER, new),))
    return a
