"""Finds attention that a network computes as product, softmax, product."""

from __future__ import annotations

from collections.abc import Sequence

from ..steps.attention import Softmax
from ..steps.matrix_product import Einsum, MatrixProduct
from ..steps.step import Step

PASSES_PATTERNS = (
    "identity", "scale", "add", "multiply", "divide", "reshape", "permute", "index", "rearrangement", "concatenate",
    "split", "convolution", "linear", "elementwise", "sum",
)  # fmt: skip
"""Steps between a softmax and the product (dropout, masks, renormalisation, talking heads, dropped tokens).

Their output is a pattern where all their inputs are.
"""


def mark_patterns(steps: Sequence[Step]) -> None:
    """Mark in each product of two recorded tensors the factor that a softmax made: the attention pattern.

    Args:
        steps: the recorded calls in order.
    """
    patterns: set[int] = set()
    for step in steps:
        if isinstance(step, Softmax):
            patterns.update(step.outputs)
        elif isinstance(step, MatrixProduct | Einsum):
            _mark(step, patterns)
        elif step.kind in PASSES_PATTERNS:
            read = [number for number in step.inputs if number >= 0]
            if read and patterns.issuperset(read):
                patterns.update(step.outputs)


def _mark(step: MatrixProduct | Einsum, patterns: set[int]) -> None:
    numbers = iter(step.inputs)
    by_factor = [next(numbers) if tracked else -1 for tracked in step.tracked]
    marked = [number in patterns for number in by_factor]
    if marked[0] != marked[1]:
        step.pattern = marked.index(True)
