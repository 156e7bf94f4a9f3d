"""Run a graph in reverse, with all architectures and many selections in one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..architecture import Architecture
from ..forward.graph import RecordedGraph
from ..neurons import Seed
from ..runtime.memory_limit import is_out_of_memory, release_cached_memory, reversing_limit
from ..runtime.numeric_modes import plain_arithmetic, single_precision
from ..signals.batch import Batch, in_runs
from ..signals.window import Box, Dense, Signal, Window, total
from .grouping import Seeded, grouped
from .reversed_graph import ReversedGraph

Watch = Callable[[int, Signal], None]
"""Called before each layer is reversed, with the number of its recorded tensor and the signal there."""
Check = Callable[[], object]
"""Called before each layer is reversed; an exception ends the reversal."""
Picture = tuple[Box, Tensor]
"""A picture's window in the image, and its values (A, C, h, w)."""


@dataclass(frozen=True)
class Listener:
    """Callbacks of a reversal.

    Attributes:
        check: called between layers, or once if a captured pass is replayed.
        watch: called with every whole signal; disables captured passes and splitting into parts.
    """

    check: Check | None = None
    watch: Watch | None = None

    def between_layers(self) -> None:
        """Call `check`, which may end the reversal by raising."""
        if self.check is not None:
            self.check()


NO_LISTENER = Listener()

PART_BYTES = 16 << 20
"""Larger signals are split into parts of some architectures each."""


def reverse_all(
    reversed_graph: ReversedGraph,
    seeds: Iterable[Seeded],
    architectures: tuple[Architecture, ...],
    max_batch_bytes: int,
    listener: Listener = NO_LISTENER,
) -> Iterator[tuple[int, Picture]]:
    """Reverse every seed under every architecture, in batches of seeds with windows of the same size.

    Seeds are consumed as batches fill up; a batch is reversed in `max_batch_bytes` of memory.

    Yields:
        The index of a seed, and its picture.
    """
    graph = reversed_graph.graph
    for number, group in grouped(graph, seeds, len(architectures), max_batch_bytes):
        together = [seed for _, seed in group]
        # exited before each yield, so that the caller's modes hold between pictures
        with (
            plain_arithmetic(graph.image),
            single_precision(graph.image, reversed_graph.tf32),
            torch.no_grad(),
        ):
            made = _reverse_in_memory(reversed_graph, number, together, architectures, listener)
        yield from zip([place for place, _ in group], made, strict=True)


def _reverse_in_memory(
    reversed_graph: ReversedGraph,
    number: int,
    seeds: Sequence[Seed],
    architectures: tuple[Architecture, ...],
    listener: Listener,
) -> list[Picture]:
    """Reverse some seeds together, or in halves if they do not fit in memory."""
    try:
        return _reverse_together(reversed_graph, number, seeds, architectures, listener)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
    graph = reversed_graph.graph
    reversed_graph.captured.clear()
    release_cached_memory(graph.device)

    def again(some: Sequence[Seed], under: tuple[Architecture, ...]) -> list[Picture]:
        return _reverse_in_memory(reversed_graph, number, some, under, listener)

    if half := len(seeds) // 2:
        return again(seeds[:half], architectures) + again(seeds[half:], architectures)
    if half := len(architectures) // 2:
        (first,), (second,) = again(seeds, architectures[:half]), again(seeds, architectures[half:])
        return [(first[0], torch.cat([first[1], second[1]]))]
    raise reversing_limit(graph.device, graph.extent)


def _reverse_together(
    reversed_graph: ReversedGraph,
    number: int,
    seeds: Sequence[Seed],
    architectures: tuple[Architecture, ...],
    listener: Listener,
) -> list[Picture]:
    graph, order = reversed_graph.graph, in_runs(architectures)
    batch = reversed_graph.batch(tuple(architectures[i] for i in order), len(seeds))
    precision = reversed_graph.carried_precision or graph[number].dtype
    window = None
    if listener.watch is None and len(seeds) == 1:
        listener.between_layers()
        window = reversed_graph.captured.reverse(
            graph, number, seeds[0], batch, precision,
            lambda y_hat: run_back(reversed_graph, number, y_hat, batch),
        )  # fmt: skip
    if window is None:
        y_hat = _seeded(graph, number, seeds, batch).to(precision)
        window = run_back(reversed_graph, number, y_hat, batch, listener)
    rows = [order.index(i) * window.lanes for i in range(len(architectures))]
    return [_picture(window, rows, lane) for lane in range(window.lanes)]


def run_back(
    reversed_graph: ReversedGraph,
    number: int,
    y_hat: Signal,
    batch: Batch,
    listener: Listener = NO_LISTENER,
) -> Window:
    """Return the signal at the image for ŷ at tensor `number`; ŷ may be overwritten."""
    graph, watch = reversed_graph.graph, listener.watch
    carried = reversed_graph.carried_precision
    in_parts = watch is None and y_hat.values.device.type == "cpu" and len(batch.architectures) > 1
    signals: dict[int, Signal] = {number: y_hat}
    for step in graph.back_from(number):
        only = signals.get(step.outputs[0]) if in_parts and len(signals) == 1 else None
        if only is not None and only.values.nbytes > PART_BYTES:
            parts = [
                run_back(reversed_graph, step.outputs[0], part, rows, listener)
                for part, rows in _parts(reversed_graph, only, batch)
            ]
            return parts[0].with_values(torch.cat([part.values for part in parts]))
        arrived = [signals.pop(output, None) for output in step.outputs]
        if not any(arrived):
            continue
        listener.between_layers()
        if watch is not None:
            for output, signal in zip(step.outputs, arrived, strict=True):
                if signal is not None:
                    watch(output, signal.to(graph[output].dtype))
        made = reversed_graph.reverse_step(step, arrived, batch, carried)
        for source, signal in zip(step.inputs, made, strict=True):
            if source >= 0 and signal is not None:
                signals[source] = total(signals[source], signal) if source in signals else signal
    window = reversed_graph.at_image(signals.get(0), batch)
    if watch is not None and 0 in signals:
        watch(0, window)
    return window


def _parts(
    reversed_graph: ReversedGraph, signal: Signal, batch: Batch
) -> Iterator[tuple[Signal, Batch]]:
    """Split a signal larger than the processor's cache into parts of some architectures each."""
    values, lanes, count = signal.values, batch.lanes, len(batch.architectures)
    at_once = max(1, count * PART_BYTES // values.nbytes)
    for first in range(0, count, at_once):
        rows = values[first * lanes : (first + at_once) * lanes]
        some = batch.architectures[first : first + at_once]
        yield signal.with_values(rows), reversed_graph.batch(some, lanes)


def _seeded(graph: RecordedGraph, number: int, seeds: Sequence[Seed], batch: Batch) -> Signal:
    """Return ŷ of every lane, repeated for every architecture."""
    tensor, lanes = graph[number], len(seeds)
    architectures = len(batch.architectures)
    if tensor.ndim == 4 and tensor.shape[0] == 1:
        extent = (tensor.shape[1], tensor.shape[2], tensor.shape[3])
        channels = {(seed.start[0], seed.values.shape[0]) for seed in seeds}
        tops, lefts = tuple(seed.start[1] for seed in seeds), tuple(seed.start[2] for seed in seeds)
        if len(channels) == 1:
            values = torch.cat([seed.values.unsqueeze(0) for seed in seeds])
            channel = seeds[0].start[0]
        else:
            values, channel = tensor.new_zeros((lanes, extent[0], *seeds[0].values.shape[1:])), 0
            for lane, seed in enumerate(seeds):
                values[lane, seed.start[0] : seed.start[0] + seed.values.shape[0]] = seed.values
        values = torch.cat([values.contiguous(memory_format=torch.channels_last)] * architectures)
        return Window(values, channel, tops, lefts, extent)
    dense = tensor.new_zeros((lanes, *tensor.shape))
    for lane, seed in enumerate(seeds):
        inside = dense[lane, 0] if tensor.ndim > 1 and tensor.shape[0] == 1 else dense[lane]
        inside[
            tuple(slice(a, a + n) for a, n in zip(seed.start, seed.values.shape, strict=True))
        ] = seed.values
    return Dense(dense.repeat(architectures, *(1,) * tensor.ndim), lanes)


def _picture(window: Window, rows: Sequence[int], lane: int) -> Picture:
    """Return one lane of a batch in the requested order, cropped to the image."""
    values = torch.cat([window.values[row + lane : row + lane + 1] for row in rows])
    alone = Window(values, 0, (window.tops[lane],), (window.lefts[lane],), window.extent).confined()
    return alone.box, alone.values
