"""Reversed passes that are captured once and replayed on every click.

On a GPU the launches of a reversed pass cost more than its sums. A CUDA graph holds them all; it is made for one
layer and one batch of architectures over the whole map, so that it serves every neuron of the layer.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .architecture import Architecture
from .batch import Batch
from .selection import Seed
from .window import Dense, Signal, Window, empty_channels_last, whole_map

if TYPE_CHECKING:
    from .recording import Recording

Run = Callable[[], Tensor]
Capture = Callable[[Run], tuple[Callable[[], object], Tensor]]
"""Takes a pass; gives what repeats it, and the tensor that each repetition writes its picture to."""

Key = tuple[int, tuple[Architecture, ...]]

PASSES_KEPT = 8
LARGEST_CAPTURED = 1 << 29
"""Values on the way back, all maps and rows together, up to which whole maps are run rather than windows."""


class CapturedPasses:
    """The captured passes of one recording.

    A pass is captured when it is asked for the second time: the first click answers at once, and tunes the
    convolutions.

    Args:
        capture: makes a repeatable pass.
        available: whether passes on this device are captured at all.
    """

    def __init__(self, capture: Capture, available: bool) -> None:
        self._capture, self._available = capture, available
        self._asked: Counter[Key] = Counter()
        self._passes: OrderedDict[Key, CapturedPass | None] = OrderedDict()
        self._lock = threading.Lock()

    def reverse(
        self, recording: Recording, slot: int, seed: Seed, batch: Batch, run_back: RunBack
    ) -> Window | None:
        """Return the signal at the image by a captured pass; None where there is none (yet)."""
        if not self._available or batch.lanes > 1:
            return None
        key = (slot, batch.architectures)
        with self._lock:
            self._asked[key] += 1
            if self._asked[key] < 2:
                return None
            if key not in self._passes:
                self._passes[key] = self._captured(recording, slot, batch, run_back)
                while len(self._passes) > PASSES_KEPT:
                    self._passes.popitem(last=False)
            self._passes.move_to_end(key)
            captured = self._passes[key]
            return None if captured is None else captured(seed)

    def clear(self) -> None:
        """Free all passes."""
        with self._lock:
            self._passes.clear()
            self._asked.clear()

    def _captured(
        self, recording: Recording, slot: int, batch: Batch, run_back: RunBack
    ) -> CapturedPass | None:
        values = sum(recording.recorded(number).numel() for number in recording.reaches(slot))
        if values * batch.rows > LARGEST_CAPTURED:
            return None
        try:
            return CapturedPass(recording, slot, batch, run_back, self._capture)
        except RuntimeError:  # a layer that cannot be captured, or no memory: launched call by call
            return None


class CapturedPass:
    """One reversed pass over whole maps: ŷ is written into a place of its own, and the pass repeated.

    Args:
        recording: the forward pass.
        slot: number of the tensor that ŷ belongs to.
        batch: which architecture each row follows; one lane.
        run_back: carries a signal to the image.
        capture: makes the pass repeatable.
    """

    def __init__(
        self, recording: Recording, slot: int, batch: Batch, run_back: RunBack, capture: Capture
    ) -> None:
        tensor = recording.recorded(slot)
        self._is_map = tensor.ndim == 4 and tensor.shape[0] == 1
        self._precision = recording.precision or tensor.dtype
        self._reach = recording.reaches(slot).get(0) if self._is_map else None
        if self._is_map:
            shape = (batch.rows, tensor.shape[1], tensor.shape[2], tensor.shape[3])
            self._y_hat = empty_channels_last(shape, tensor).zero_()
        else:
            self._y_hat = tensor.new_zeros((batch.rows, *tensor.shape))

        def run() -> Tensor:
            return run_back(recording, slot, self._signal(), batch).spread()

        self._repeat, self._picture = capture(run)

    def __call__(self, seed: Seed) -> Window:
        """Return the signal at the image, cut to what the seed sees."""
        self._y_hat.zero_()
        has_batch_axis = self._y_hat.ndim > seed.values.ndim + 1
        inside = self._y_hat[:, 0] if has_batch_axis else self._y_hat
        for axis, (start, size) in enumerate(zip(seed.start, seed.values.shape, strict=True), 1):
            inside = inside.narrow(axis, start, size)
        inside.copy_(seed.values)
        self._repeat()
        (top, bottom), (left, right) = self._seen(seed)
        window = whole_map(self._picture, 1)
        values = self._picture[:, :, top:bottom, left:right].clone()
        return Window(values, 0, (top,), (left,), window.extent)

    def _signal(self) -> Signal:
        values = self._y_hat.clone().to(self._precision)
        return whole_map(values, 1) if self._is_map else Dense(values, 1)

    def _seen(self, seed: Seed) -> list[tuple[int, int]]:
        """Return first and last row and column, plus one, of the image that the seed sees."""
        full = self._picture.shape[2:]
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


RunBack = Callable[["Recording", int, Signal, Batch], Window]


def capture_cuda_graph(run: Run) -> tuple[Callable[[], object], Tensor]:
    """Capture a pass as a CUDA graph, after two runs that let the libraries choose their kernels."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(2):
            run()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        picture = run()
    return graph.replay, picture
