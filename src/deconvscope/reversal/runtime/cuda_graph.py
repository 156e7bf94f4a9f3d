"""Capture a computation on a CUDA device as a graph: one launch instead of one per operator."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

WARM_UPS = 2
"""Runs before the capture, in which the libraries choose their kernels."""

_capturing = threading.RLock()
"""A process allows one capture at a time."""


class CudaGraph:
    """A captured computation; each replay reads and writes the same memory.

    Args:
        run: the computation, which must neither synchronise with the device nor copy to it.
        device: the device, which need not be the current one.

    Attributes:
        picture: the result of `run`, overwritten by each replay.

    Raises:
        RuntimeError: the computation cannot be captured.
    """

    def __init__(self, run: Callable[[], Tensor], device: torch.device) -> None:
        self._device = device
        self._done: Any = None
        self._graph: Any = torch.cuda.CUDAGraph()
        with _capturing, torch.cuda.device(device):
            side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream())
            # restores the current stream, which a failed capture may not
            with torch.cuda.stream(side):
                for _ in range(WARM_UPS):
                    run()
                with torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local"):
                    self.picture = run()
            torch.cuda.current_stream().wait_stream(side)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Order work on the graph's memory after earlier work on it, also on another stream."""
        with torch.cuda.device(self._device):
            stream: Any = torch.cuda.current_stream()
            if self._done is not None:
                stream.wait_event(self._done)
            yield
            self._done = stream.record_event()

    def replay(self) -> None:
        """Launch the captured kernels again."""
        self._graph.replay()
