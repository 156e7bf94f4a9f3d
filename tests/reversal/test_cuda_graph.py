"""Where and when a graph is captured and replayed: on its own device, on a stream of its own, in turn.

There need be no device: streams and graphs are stood in for by ones that note what is asked of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from deconvscope.reversal.runtime.cuda_graph import WARM_UPS, CudaGraph

SECOND = torch.device("cuda", 1)


@dataclass(eq=False)
class Stream:
    device: int
    waited_for: list[object] = field(default_factory=list)

    def wait_stream(self, other: Stream) -> None:
        self.waited_for.append(other)

    def wait_event(self, event: object) -> None:
        self.waited_for.append(event)

    def record_event(self) -> object:
        return object()


class Cuda:
    """Two devices, a current one, and a current stream on each."""

    def __init__(self) -> None:
        self.now, self.streams, self.replayed = 0, [Stream(0), Stream(1)], 0

    @contextmanager
    def device(self, device: torch.device) -> Iterator[None]:
        before, self.now = self.now, device.index
        yield
        self.now = before

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        before, self.streams[stream.device] = self.streams[stream.device], stream
        try:
            yield
        finally:
            self.streams[stream.device] = before

    def current_stream(self) -> Stream:
        return self.streams[self.now]

    def new_stream(self) -> Stream:
        return Stream(self.now)

    def new_graph(self) -> Cuda:
        return self

    def replay(self) -> None:
        self.replayed += 1

    @contextmanager
    def graph(self, graph: object, stream: Stream, capture_error_mode: str) -> Iterator[None]:
        """Capture as torch 2.4 does: where it fails, the stream stays the current one."""
        before, self.streams[stream.device] = self.streams[stream.device], stream
        yield
        self.streams[stream.device] = before


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    cuda = Cuda()
    for name in ("device", "stream", "current_stream", "graph"):
        monkeypatch.setattr(torch.cuda, name, getattr(cuda, name))
    monkeypatch.setattr(torch.cuda, "Stream", cuda.new_stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", cuda.new_graph)
    return cuda


def test_a_pass_is_captured_on_its_own_device_and_stream(cuda):
    home, ran_on = cuda.streams[1], []

    def run() -> Tensor:
        ran_on.append((cuda.now, cuda.current_stream()))
        return torch.ones(1)

    for _ in range(2):
        CudaGraph(run, SECOND)
    assert len(ran_on) == 2 * (WARM_UPS + 1)
    assert {device for device, _ in ran_on} == {1}
    streams = {stream for _, stream in ran_on}
    assert len(streams) == 2 and home not in streams
    assert all(home in stream.waited_for and stream in home.waited_for for stream in streams)
    assert (cuda.now, cuda.streams[1]) == (0, home)


def test_a_capture_that_fails_leaves_the_current_stream_as_it_was(cuda):
    home, runs = cuda.streams[1], []

    def run() -> Tensor:
        runs.append(0)
        if len(runs) > WARM_UPS:
            raise RuntimeError("operation not permitted when stream is capturing")
        return torch.ones(1)

    with pytest.raises(RuntimeError, match="not permitted"):
        CudaGraph(run, SECOND)
    assert cuda.streams[1] is home


def test_threads_on_different_streams_take_turns(cuda):
    graph = CudaGraph(lambda: torch.ones(1), SECOND)
    first, second = Stream(1), Stream(1)
    for stream in (first, second):
        with cuda.stream(stream), graph.in_turn():
            assert cuda.current_stream() is stream
            graph.replay()
    assert cuda.replayed == 2
    assert not first.waited_for
    assert len(second.waited_for) == 1
