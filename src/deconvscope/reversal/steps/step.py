"""`Step`: a recorded call, which keeps the bottleneck information r and applies its reversed rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from torch import Tensor

from ..errors import StaleRecordingError
from ..runtime.torch_internals import write_mark
from ..signals.batch import Batch
from ..signals.window import Signal


@dataclass(frozen=True)
class Reach:
    """Which inputs an output of a local layer sees, along one axis.

    Output i sees the inputs from ``stride·i + offset`` to ``stride·i + offset + size − 1``. Where a layer
    upsamples, the stride is a fraction; bounds are then rounded outwards.
    """

    stride: Fraction
    offset: Fraction
    size: Fraction

    def through(self, earlier: Reach) -> Reach:
        """Return the reach of this layer stacked on an earlier one."""
        return Reach(
            self.stride * earlier.stride,
            self.offset * earlier.stride + earlier.offset,
            (self.size - 1) * earlier.stride + earlier.size,
        )

    def union(self, other: Reach) -> Reach | None:
        """Return the smallest reach that covers both, None where their strides differ."""
        if self.stride != other.stride:
            return None
        start = min(self.offset, other.offset)
        return Reach(
            self.stride, start, max(self.offset + self.size, other.offset + other.size) - start
        )


POINT = Reach(Fraction(1), Fraction(0), Fraction(1))
"""The reach of an elementwise layer."""


class Step(ABC):
    """One recorded call, φ : x ↦ (y, r), and its reversal φ† : (ŷ, r) ↦ x̂.

    Attributes:
        sources: the inputs for which `reverse` returns signals, in order; the recorder replaces them by `inputs`.
        inputs, outputs: numbers of the recorded tensors that the call read and returned.
        layer: the layer's name.
        call: the name of what was called, e.g. ``"relu"``.
        named: the kind of this step where it is not that of its class.
        gated: whether the call multiplies by a mask computed from the image: a rectifier written by hand.
        registered: the rule that a user registered for the call, in words.
        weight: the network's own tensor that `reverse` reads; it must not change after the recording.
        version: the weight's `write_mark` at the recording.
    """

    kind: ClassVar[str]
    rule: ClassVar[str]
    """The reversed rule in words, for the coverage report."""
    falls_back: ClassVar[bool] = False
    any_precision: ClassVar[bool] = False
    """Whether `reverse` takes signals of another floating-point type than the activations, and keeps that type."""

    layer: str = ""
    call: str = ""
    named: str = ""
    gated: bool = False
    registered: str = ""
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    weight: Tensor | None = None
    version: int = 0

    def __init__(self, *sources: Tensor) -> None:
        self.sources: tuple[Tensor, ...] = sources

    def read_on_the_way_back(self, weight: Tensor) -> None:
        """Keep a weight and its present version."""
        self.weight, self.version = weight, write_mark(weight)

    def require_unchanged(self) -> None:
        """Raise where the weight was written to since the recording.

        Raises:
            StaleRecordingError: naming the layer.
        """
        if self.weight is not None and write_mark(self.weight) != self.version:
            raise self.stale()

    def stale(self) -> StaleRecordingError:
        """Return the error for a weight that has changed."""
        return StaleRecordingError(
            f"the weights of layer {self.layer!r} were changed after this recording; record again"
        )

    @abstractmethod
    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return x̂ for each input from ŷ at the only output; may overwrite ŷ."""

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Return x̂ for each input from what arrived at each output (None: nothing)."""
        (y_hat,) = y_hats
        if y_hat is None:
            return [None] * len(self.inputs)
        return self.reverse(y_hat, batch)

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return the reach along rows and columns, None where the layer is not local."""
        return None

    def only_launches(self, batch: Batch) -> bool:
        """Tell whether `reverse` never waits for the device nor copies to it, so that a CUDA graph can capture it."""
        return True

    def bottleneck(self) -> Sequence[Tensor]:
        """Return the tensors kept for the way back that are not activations of the recording."""
        return ()


class Elementwise(Step):
    """A layer that acts on each place alone: its reach is a point."""

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return a point."""
        return POINT, POINT


Cut = Callable[[Tensor], Tensor]
"""Cuts a recorded tensor to the box of a signal."""
