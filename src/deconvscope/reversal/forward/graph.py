"""The recorded graph: the tensors of one forward pass and the steps that made them.

Tensors are numbered in the order in which they were made; 0 is the image. A reversal needs nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import StaleRecordingError
from ..layouts import Axes, Layout, layout_of, with_border
from ..steps.rectifier import Rectifier
from ..steps.step import POINT, Reach, Step

Reaches = tuple[Reach, Reach] | None
"""The reach along rows and columns; None for the whole tensor."""


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels that a neuron sees, before clipping at the border of the image.

    Neuron (y, x) sees rows ``offset[0] + y·stride[0]`` to ``… + size[0] − 1``, columns likewise.
    """

    stride: tuple[float, float]
    offset: tuple[float, float]
    size: tuple[int, int]


class RecordedGraph:
    """The tensors and steps of one forward pass.

    Args:
        tensors: the recorded tensors with their batch axis; number 0 is the image.
        steps: the recorded calls in order.
        numbers: layer name → number of the layer's tensor.
        axes: for each tensor, what its axes stand for.
    """

    def __init__(
        self,
        tensors: Sequence[Tensor],
        steps: Sequence[Step],
        numbers: Mapping[str, int],
        axes: Sequence[Axes],
    ) -> None:
        self.axes = axes
        self._tensors, self.steps, self.numbers = list(tensors), list(steps), dict(numbers)
        self._maker = {made: i for i, step in enumerate(steps) for made in step.outputs}

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __getitem__(self, number: int) -> Tensor:
        """Return a recorded tensor with its batch axis; raise `StaleRecordingError` after `free`."""
        if not self._tensors:
            raise StaleRecordingError("this recording was forgotten; record the image again")
        return self._tensors[number]

    @property
    def image(self) -> Tensor:
        """The image, (1, C, H, W)."""
        return self[0]

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width of the image, in pixels."""
        return self.image.shape[2], self.image.shape[3]

    @property
    def device(self) -> torch.device:
        """The device that holds the tensors."""
        return self.image.device

    @property
    def freed(self) -> bool:
        """Whether `free` was called."""
        return not self._tensors

    @property
    def nbytes(self) -> int:
        """Bytes of the bottleneck, not counting the activations."""
        return sum(t.numel() * t.element_size() for step in self.steps for t in step.bottleneck())

    def layout(self, number: int) -> Layout | None:
        """Return where the values of a tensor stand; None for vectors and what is not mapped."""
        return layout_of_layer(self.axes[number])

    def free(self) -> None:
        """Drop all tensors and steps."""
        self._tensors, self.steps = [], []

    def maker(self, number: int) -> Step | None:
        """Return the step that made a tensor, None for the image."""
        made_by = self._maker.get(number)
        return None if made_by is None else self.steps[made_by]

    def readers(self, number: int) -> int:
        """Return how many steps read a tensor."""
        return sum(number in step.inputs for step in self.steps)

    def back_from(self, number: int) -> Iterator[Step]:
        """Iterate over the steps from the one that made a tensor back to the first."""
        for i in range(self._maker.get(number, -1), -1, -1):
            yield self.steps[i]

    def settle(self, step: Rectifier) -> None:
        """Convert a rectifier's mask to the memory order of the reversal, once."""
        step.settle(self._tensors)

    def reaches(self, number: int) -> dict[int, Reaches]:
        """Return the reach of a neuron of one tensor in each earlier tensor."""
        reaches: dict[int, Reaches] = {number: (POINT, POINT)}
        for step in self.back_from(number):
            own = step.reach()
            for output in step.outputs:
                if output not in reaches:
                    continue
                seen = _through(reaches[output], own)
                for source in step.inputs:
                    if source >= 0:
                        known = source in reaches
                        reaches[source] = _joined(reaches[source], seen) if known else seen
        return reaches

    def receptive_field(self, number: int) -> ReceptiveField | None:
        """Return the receptive field of a map's neurons; None for a vector, or if it is the whole image."""
        is_map = without_batch(self[number]).ndim == 3
        reach = self.reaches(number).get(0) if is_map else None
        if reach is None:
            return None
        rows, columns = reach
        top, left = math.floor(rows.offset), math.floor(columns.offset)
        return ReceptiveField(
            stride=(float(rows.stride), float(columns.stride)),
            offset=(top, left),
            size=(
                math.ceil(rows.offset + rows.size) - top,
                math.ceil(columns.offset + columns.size) - left,
            ),
        )


def layout_of_layer(axes: Axes) -> Layout | None:
    """Return where the values of a layer stand, by what its tensor's axes stand for."""
    return layout_of(with_border(axes))


def without_batch(tensor: Tensor) -> Tensor:
    """Return a tensor without its batch axis."""
    return tensor[0] if tensor.ndim > 1 and tensor.shape[0] == 1 else tensor


def _through(later: Reaches, earlier: Reaches) -> Reaches:
    if later is None or earlier is None:
        return None
    return later[0].through(earlier[0]), later[1].through(earlier[1])


def _joined(first: Reaches, second: Reaches) -> Reaches:
    if first is None or second is None:
        return None
    rows, columns = first[0].union(second[0]), first[1].union(second[1])
    return None if rows is None or columns is None else (rows, columns)
