"""A computation on a CUDA device held as a graph: one launch in place of one for every operator."""

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
"""Only one capture may be underway in a process."""


class CudaGraph:
    """What a computation launched while it was captured; replaying it reads and writes the same memory again.

    Args:
        run: the computation, which must neither wait for the device nor copy to it.
        device: where it runs, which need not be the current device.

    Attributes:
        picture: what `run` returned; each replay writes to it.

    Raises:
        RuntimeError: the computation cannot be captured.
    """

    def __init__(self, run: Callable[[], Tensor], device: torch.device) -> None:
        self._device = device
        self._done: Any = None
        self._graph: Any = torch.cuda.CUDAGraph()
        with _capturing, torch.cuda.device(device):
            aside: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream())
            # a capture that fails may leave its stream the current one; this does not
            with torch.cuda.stream(aside):
                for _ in range(WARM_UPS):
                    run()
                with torch.cuda.graph(self._graph, stream=aside, capture_error_mode="thread_local"):
                    self.picture = run()
            torch.cuda.current_stream().wait_stream(aside)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Let what is done with the graph's memory follow what was done before, though on another stream."""
        with torch.cuda.device(self._device):
            stream: Any = torch.cuda.current_stream()
            if self._done is not None:
                stream.wait_event(self._done)
            yield
            self._done = stream.record_event()

    def replay(self) -> None:
        """Repeat what was launched."""
        self._graph.replay()
