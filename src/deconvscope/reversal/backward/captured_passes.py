"""Reversed passes that are captured once and replayed on every click.

On a GPU the launches of a reversed pass cost more than its sums. A CUDA graph holds them all; it is made for one
layer and one batch of architectures over the whole map, so that it serves every neuron of the layer. Where a neuron
sees little of the image, its window is run instead: there are few launches then, and the whole map would be much work.
"""

from __future__ import annotations

import threading
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from math import ceil, floor
from typing import Protocol

import torch
from torch import Tensor

from ..architecture import Architecture
from ..errors import StaleRecordingError
from ..forward.graph import RecordedGraph
from ..runtime.capabilities import cuda_graphs
from ..selection import Seed
from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, empty_channels_last, whole_map
from ..steps.step import Step
from .window_sizes import signal_sizes


class Graph(Protocol):
    """A captured computation, such as a `CudaGraph`."""

    picture: Tensor

    def in_turn(self) -> AbstractContextManager[None]:
        """Let what is done with the graph's memory follow what was done before."""

    def replay(self) -> None:
        """Write the picture anew."""


Capture = Callable[[Callable[[], Tensor], torch.device], Graph]
RunBack = Callable[[Signal], Window]
"""Carries ŷ to the image, call by call."""
Key = tuple[int, tuple[Architecture, ...], tuple[int, ...]]
"""A layer's tensor by number, the architectures, and the shape of ŷ: one place of a map, a channel of it, or all."""

PASSES_KEPT = 8
LARGEST_CAPTURED = 1 << 29
"""Values on the way back, all maps and rows together, up to which whole maps are run rather than windows."""
LEAST_SHARE = 0.5
"""Part of these values that must lie in the windows which would be run otherwise."""

_taking_turns = threading.RLock()
"""Only one capture may be underway in a process, and a pass has one place for its ŷ.

Reentrant: a capture collects garbage, and what is collected may forget its recording.
"""


class CapturedPasses:
    """The captured passes of one recording.

    A pass is captured when it is asked for the second time: the first click answers at once.

    Args:
        capture: makes a graph of a pass.
        available: whether passes on this device are captured at all.
    """

    def __init__(self, capture: Capture, available: bool) -> None:
        self._capture, self._available = capture, available
        self._asked: Counter[Key] = Counter()
        self._passes: OrderedDict[Key, CapturedPass] = OrderedDict()
        self._launched: set[Key] = set()

    def __len__(self) -> int:
        """Return how many passes are held."""
        return len(self._passes)

    def reverse(
        self,
        graph: RecordedGraph,
        number: int,
        seed: Seed,
        batch: Batch,
        precision: torch.dtype,
        run_back: RunBack,
    ) -> Window | None:
        """Return the signal at the image by a captured pass; None where it is to be launched call by call.

        Args:
            graph: the recorded graph.
            number: of the tensor that ŷ belongs to.
            seed: ŷ.
            batch: which architecture each row follows.
            precision: in which ŷ travels.
            run_back: carries ŷ to the image.

        Raises:
            StaleRecordingError: weights were changed since the recording.
        """
        if not self._available or batch.lanes > 1:
            return None
        key = (number, batch.architectures, tuple(seed.values.shape))
        with _taking_turns:
            self._asked[key] += 1
            if self._asked[key] < 2 or key in self._launched:
                return None
            if key not in self._passes:
                captured = self._captured(graph, number, seed, batch, precision, run_back)
                if captured is None:
                    self._launched.add(key)
                    return None
                self._passes[key] = captured
                while len(self._passes) > PASSES_KEPT:
                    self._passes.popitem(last=False)
            self._passes.move_to_end(key)
            return self._passes[key](seed)

    def clear(self) -> None:
        """Free all passes."""
        with _taking_turns:
            self._passes.clear()
            self._asked.clear()
            self._launched.clear()

    def _captured(
        self,
        graph: RecordedGraph,
        number: int,
        seed: Seed,
        batch: Batch,
        precision: torch.dtype,
        run_back: RunBack,
    ) -> CapturedPass | None:
        device = graph.device
        if device.type == "cuda" and not cuda_graphs(device):
            return None
        windows = signal_sizes(graph, number, seed)
        values = sum(graph[earlier].numel() for earlier in windows)
        if values * batch.rows > LARGEST_CAPTURED or sum(windows.values()) < LEAST_SHARE * values:
            return None
        steps = [step for step in graph.steps if not windows.keys().isdisjoint(step.outputs)]
        if not all(step.only_launches(batch) for step in steps):
            return None
        try:
            return CapturedPass(graph, number, steps, batch, precision, run_back, self._capture)
        except StaleRecordingError:
            raise
        except RuntimeError as error:
            maker = graph.maker(number)
            warnings.warn(
                f"reversed passes from layer {maker.layer if maker else 'image'!r} are launched call by call on "
                f"{device}, since they could not be captured: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
            return None


class CapturedPass:
    """One reversed pass over whole maps: ŷ is written into a place of its own, and the pass repeated.

    Args:
        graph: the recorded graph.
        number: of the tensor that ŷ belongs to.
        steps: the calls on the way.
        batch: which architecture each row follows; one lane.
        precision: in which ŷ travels.
        run_back: carries ŷ to the image.
        capture: makes a graph of the pass.
    """

    def __init__(
        self,
        graph: RecordedGraph,
        number: int,
        steps: list[Step],
        batch: Batch,
        precision: torch.dtype,
        run_back: RunBack,
        capture: Capture,
    ) -> None:
        tensor = graph[number]
        self._is_map = tensor.ndim == 4 and tensor.shape[0] == 1
        self._precision = precision
        self._reach = graph.reaches(number).get(0) if self._is_map else None
        if self._is_map:
            shape = (batch.rows, tensor.shape[1], tensor.shape[2], tensor.shape[3])
            self._y_hat = empty_channels_last(shape, tensor).zero_()
        else:
            self._y_hat = tensor.new_zeros((batch.rows, *tensor.shape))

        def run() -> Tensor:
            return run_back(self._signal()).spread()

        self._graph = capture(run, tensor.device)
        # what the graph reads at fixed addresses: the network's weights, and those that were prepared from them
        self._weights = [
            (step, step.weight, step.weight.data_ptr()) for step in steps if step.weight is not None
        ]
        self._prepared = batch.prepared.tensors()

    def __call__(self, seed: Seed) -> Window:
        """Return the signal at the image, cut to what the seed sees.

        Raises:
            StaleRecordingError: weights were changed or moved since.
        """
        for step, weight, address in self._weights:
            step.require_unchanged()
            if weight.data_ptr() != address:
                raise step.stale()
        has_batch_axis = self._y_hat.ndim > seed.values.ndim + 1
        inside = self._y_hat[:, 0] if has_batch_axis else self._y_hat
        for axis, (start, size) in enumerate(zip(seed.start, seed.values.shape, strict=True), 1):
            inside = inside.narrow(axis, start, size)
        picture = self._graph.picture
        (top, bottom), (left, right) = self._seen(seed, picture)
        with self._graph.in_turn():
            self._y_hat.zero_()
            inside.copy_(seed.values)
            self._graph.replay()
            values = picture[:, :, top:bottom, left:right].clone()
        return Window(values, 0, (top,), (left,), whole_map(picture, 1).extent)

    def _signal(self) -> Signal:
        values = self._y_hat.clone().to(self._precision)
        return whole_map(values, 1) if self._is_map else Dense(values, 1)

    def _seen(self, seed: Seed, picture: Tensor) -> list[tuple[int, int]]:
        """Return first and last row and column, plus one, of the image that the seed sees."""
        full = picture.shape[2:]
        if self._reach is None:
            return [(0, n) for n in full]
        seen = []
        for reach, start, size, limit in zip(
            self._reach, seed.start[1:], seed.values.shape[1:], full, strict=True
        ):
            first = floor(reach.stride * start + reach.offset)
            last = ceil(reach.stride * (start + size - 1) + reach.offset + reach.size)
            first = min(max(first, 0), limit - 1)
            seen.append((first, min(max(last, first + 1), limit)))
        return seen
