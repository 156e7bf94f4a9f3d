"""A recorded graph prepared to run in reverse: its precision, batches and captured passes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..architecture import Architecture
from ..forward.graph import RecordedGraph
from ..runtime.capabilities import REDUCED, reduced_arithmetic
from ..runtime.cuda_graph import CudaGraph
from ..runtime.prepared_weights import PreparedWeights
from ..signals.batch import Batch
from ..signals.window import Signal, Window, as_map
from ..steps.rectifier import Rectifier
from ..steps.step import Step
from .captured_passes import CapturedPasses

BATCHES_KEPT = 32


class ReversedGraph:
    """A recorded graph, and how its steps are reversed.

    Args:
        graph: the recorded tensors and steps.
        prepared: the network's weights in the form that reversed convolutions read.
        precision: the requested floating-point type, None for that of each activation.
        tf32: whether factors may be rounded to TF32 on a CUDA device.

    Attributes:
        captured: the captured passes.
    """

    def __init__(
        self,
        graph: RecordedGraph,
        prepared: PreparedWeights,
        precision: torch.dtype | None,
        tf32: bool,
    ) -> None:
        self.graph, self.prepared, self.precision, self.tf32 = graph, prepared, precision, tf32
        self.captured = CapturedPasses(CudaGraph, graph.device.type == "cuda")
        self._batches: dict[tuple[tuple[Architecture, ...], int], Batch] = {}

    @property
    def asked_precision(self) -> torch.dtype:
        """The pictures' type: the requested one, by default the network's."""
        return self.precision or self.graph.image.dtype

    @property
    def carried_precision(self) -> torch.dtype | None:
        """The signals' type on the way back; None for that of each activation.

        A processor without bfloat16 instructions emulates them many times more slowly than float32. There signals
        are carried in float32, and only the picture is rounded to `asked_precision`.
        """
        asked = self.asked_precision
        if asked in REDUCED and not reduced_arithmetic(asked, self.graph.device):
            return torch.float32
        return self.precision

    def free(self) -> None:
        """Free the captured passes, then the graph that they read."""
        self.captured.clear()
        self.graph.free()

    def batch(self, architectures: tuple[Architecture, ...], lanes: int) -> Batch:
        """Return the batch of `lanes` selections under each architecture, from a cache."""
        found = self._batches.get((architectures, lanes))
        if found is None:
            if len(self._batches) >= BATCHES_KEPT:
                self._batches.clear()
            found = self._batches[architectures, lanes] = Batch(architectures, lanes, self.prepared)
        return found

    def reverse_step(
        self,
        step: Step,
        arrived: Sequence[Signal | None],
        batch: Batch,
        carried: torch.dtype | None,
    ) -> Sequence[Signal | None]:
        """Return x̂ at each input of a step from ŷ at its outputs, in the type `carried`."""
        if isinstance(step, Rectifier) and not step.settled:
            self.graph.settle(step)
        if carried is None:
            return step.reverse_outputs(arrived, batch)
        if not step.any_precision:
            arrived = [
                signal and signal.to(self.graph[output].dtype)
                for output, signal in zip(step.outputs, arrived, strict=True)
            ]
        return [signal and signal.to(carried) for signal in step.reverse_outputs(arrived, batch)]

    def at_image(self, signal: Signal | None, batch: Batch) -> Window:
        """Return the signal at the image as a window, rounded to `asked_precision`; zeros for None (detach())."""
        image = self.graph.image
        if signal is None:
            nowhere = (0,) * batch.lanes
            values = image.new_zeros((batch.rows, image.shape[1], 1, 1))
            return Window(values, 0, nowhere, nowhere, (image.shape[1], *self.graph.extent))
        return as_map(signal).all_channels().to(self.asked_precision).to(image.dtype)
