"""Reversed passes that are captured once and replayed on every click.

On a GPU a reversed pass is bound by kernel launches. A CUDA graph replaces them by one. It covers whole maps for one
layer and one batch of architectures, so that it serves every neuron of the layer. Where a neuron sees little of the
image, its window is run instead: that takes few launches and much less arithmetic than whole maps.
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
from ..neurons import Seed
from ..runtime.capabilities import cuda_graphs
from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, empty_channels_last, whole_map
from ..steps.step import Step
from .window_sizes import signal_sizes


class Graph(Protocol):
    """A captured computation, such as a `CudaGraph`."""

    picture: Tensor

    def in_turn(self) -> AbstractContextManager[None]:
        """Order work on the graph's memory after earlier work on it."""

    def replay(self) -> None:
        """Recompute the picture."""


Capture = Callable[[Callable[[], Tensor], torch.device], Graph]
RunBack = Callable[[Signal], Window]
"""Carries ŷ to the image, call by call."""
Key = tuple[int, tuple[Architecture, ...], tuple[int, ...]]
"""A tensor's number, the architectures, and the shape of ŷ (a place, a channel or the whole map)."""

PASSES_KEPT = 8
LARGEST_CAPTURED = 1 << 29
"""Largest number of values on the way back, over all maps and rows, for which a pass is captured."""
LEAST_SHARE = 0.5
"""Smallest share of these values inside the seed's windows for which whole maps are run."""

_captures_lock = threading.RLock()
"""A process allows one capture at a time, and a pass has one buffer for its ŷ.

Reentrant, since a capture collects garbage, which may free another recording.
"""


class CapturedPasses:
    """The captured passes of one recording.

    A pass is captured on its second request, so that the first click is not delayed.

    Args:
        capture: captures a pass as a graph.
        available: whether passes on this device can be captured.
    """

    def __init__(self, capture: Capture, available: bool) -> None:
        self._capture, self._available = capture, available
        self._requests: Counter[Key] = Counter()
        self._passes: OrderedDict[Key, CapturedPass] = OrderedDict()
        self._launched: set[Key] = set()

    def __len__(self) -> int:
        """Return the number of captured passes."""
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
        """Return the signal at the image for ŷ (`seed`) at tensor `number`; None to launch the pass call by call.

        Raises:
            StaleRecordingError: weights were changed since the recording.
        """
        if not self._available or batch.lanes > 1:
            return None
        key = (number, batch.architectures, tuple(seed.values.shape))
        with _captures_lock:
            self._requests[key] += 1
            if self._requests[key] < 2 or key in self._launched:
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
        with _captures_lock:
            self._passes.clear()
            self._requests.clear()
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
                f"reversed passes from layer {maker.layer if maker else 'image'!r} cannot be captured on {device} "
                f"and are launched call by call: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
            return None


class CapturedPass:
    """One reversed pass of a single lane over whole maps, replayed after ŷ is written to its buffer."""

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
        # the graph reads the network's weights, and weights prepared from them, at fixed addresses
        self._weights = [
            (step, step.weight, step.weight.data_ptr()) for step in steps if step.weight is not None
        ]
        self._prepared = batch.prepared.tensors()

    def __call__(self, seed: Seed) -> Window:
        """Return the signal at the image, cropped to the seed's receptive field.

        Raises:
            StaleRecordingError: weights were changed or moved since the recording.
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
        """Return the half-open ranges of image rows and columns that the seed sees."""
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
