"""The way back: from ŷ at a layer to x̂ at the image, all architectures and many selections in one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..architecture import Architecture, as_architectures
from ..reversed import Reversed
from ..runtime.memory_limit import is_out_of_memory, release_cached_memory, reversing_limit
from ..runtime.numeric_modes import plain_arithmetic, single_precision
from ..selection import Seed, Selection
from ..signals.batch import Batch, in_runs
from ..signals.window import Box, Dense, Signal, Window, as_map, total
from ..steps.rectifier import Rectifier
from .grouping import alike
from .precision import asked_precision, carried_precision
from .rule_checks import require_rules

if TYPE_CHECKING:
    from ..recording import Asked, Recording

Watch = Callable[[int, Signal], None]
"""Told of each signal before its layer is reversed: the number of the recorded tensor, and what arrived there."""
Check = Callable[[], object]
"""Called before each layer is reversed; what it raises ends the reversal."""


@dataclass(frozen=True)
class Listener:
    """Who hears of a reversal under way.

    Attributes:
        check: called between layers, or once where a captured pass is replayed.
        watch: told of every whole signal; a pass that is carried on in parts, or replayed, has none to show.
    """

    check: Check | None = None
    watch: Watch | None = None

    def between_layers(self) -> None:
        """Let the listener end the reversal."""
        if self.check is not None:
            self.check()


NOBODY = Listener()


PART_BYTES = 16 << 20
"""Signals of more bytes than this are carried on in parts, architecture by architecture."""


def reverse_all(
    recording: Recording,
    selections: Sequence[Selection],
    architectures: Asked,
    max_batch_bytes: int,
    listener: Listener = NOBODY,
) -> list[Reversed]:
    """Reverse every selection under every architecture, in batches of selections whose windows are alike."""
    asked = as_architectures(architectures)
    for architecture in asked:
        require_rules(recording, architecture)
    image = recording.recorded(0)
    with plain_arithmetic(image), single_precision(image, recording.tf32), torch.no_grad():
        return _reverse_all(recording, selections, asked, max_batch_bytes, listener)


def _reverse_all(
    recording: Recording,
    selections: Sequence[Selection],
    asked: tuple[Architecture, ...],
    max_batch_bytes: int,
    listener: Listener,
) -> list[Reversed]:
    results: dict[int, Reversed] = {}
    bar = len(selections) > 1 and listener is NOBODY  # who listens tells in their own way
    with _progress(len(selections)) if bar else nullcontext(_count_nothing) as count_on:
        for slot, part in alike(recording, selections, len(asked), max_batch_bytes):
            made = _reverse_part(recording, slot, [seed for _, seed in part], asked, listener)
            for (number, _), (window, values) in zip(part, made, strict=True):
                results[number] = Reversed(
                    selections[number], asked, window, values, recording.extent
                )
            count_on(len(part))
    return [results[number] for number in range(len(selections))]


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """Show a bar for a list that takes longer than a second; yields what counts on."""
    with tqdm(total=total, delay=1.0, desc="reversing", leave=False) as bar:
        yield bar.update


def _count_nothing(count: int) -> None:
    """Stand for a bar, the making of which would cost a part of a click."""


Picture = tuple[Box, Tensor]
"""Where a picture stands in the image, and its values (A, C, h, w)."""


def _reverse_part(
    recording: Recording,
    slot: int,
    seeds: Sequence[Seed],
    asked: tuple[Architecture, ...],
    listener: Listener,
) -> list[Picture]:
    """Reverse some selections together; where memory does not suffice, in halves."""
    try:
        return _reverse_together(recording, slot, seeds, asked, listener)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
    device = recording.recorded(0).device
    recording.captured.clear()
    release_cached_memory(device)
    half = len(seeds) // 2
    if half:
        halves = (seeds[:half], seeds[half:])
        return [p for part in halves for p in _reverse_part(recording, slot, part, asked, listener)]
    half = len(asked) // 2
    if half:
        parts = [
            _reverse_part(recording, slot, seeds, some, listener)[0]
            for some in (asked[:half], asked[half:])
        ]
        return [(parts[0][0], torch.cat([values for _, values in parts]))]
    raise reversing_limit(device, recording.extent)


def _reverse_together(
    recording: Recording,
    slot: int,
    seeds: Sequence[Seed],
    asked: tuple[Architecture, ...],
    listener: Listener,
) -> list[Picture]:
    order = in_runs(asked)
    batch = recording.batch(tuple(asked[i] for i in order), len(seeds))
    window = None
    if listener.watch is None and len(seeds) == 1:
        listener.between_layers()
        window = recording.captured.reverse(recording, slot, seeds[0], batch, run_back)
    if window is None:
        window = run_back(recording, slot, _seeded(recording, slot, seeds, batch), batch, listener)
    rows = [order.index(i) * window.lanes for i in range(len(asked))]
    return [_picture(window, rows, lane) for lane in range(window.lanes)]


def run_back(
    recording: Recording, slot: int, y_hat: Signal, batch: Batch, listener: Listener = NOBODY
) -> Window:
    """Carry ŷ at one recorded tensor back to the image.

    Args:
        recording: the forward pass.
        slot: number of the tensor that ŷ belongs to.
        y_hat: the signal there; it may be overwritten.
        batch: which architecture each row follows.
        listener: hears of the way.

    Returns:
        The signal at the image.
    """
    watch, carried = listener.watch, carried_precision(recording)
    signals: dict[int, Signal] = {slot: y_hat}
    several = len(batch.architectures) > 1 and watch is None and y_hat.values.device.type == "cpu"
    for number in range(recording.made_by(slot), -1, -1):
        step = recording.steps[number]
        if several and len(signals) == 1 and step.outputs[0] in signals:
            parts = _parts(recording, signals[step.outputs[0]], batch)
            if len(parts) > 1:
                return _joined(
                    [run_back(recording, step.outputs[0], *part, listener) for part in parts]
                )
        arrived = [signals.pop(output, None) for output in step.outputs]
        if all(signal is None for signal in arrived):
            continue
        listener.between_layers()
        if watch is not None:
            for output, signal in zip(step.outputs, arrived, strict=True):
                if signal is not None:
                    watch(output, signal.to(recording.recorded(output).dtype))
        if isinstance(step, Rectifier) and not step.settled:
            recording.settle(step)
        if carried is not None and not step.any_precision:
            arrived = [
                None if signal is None else signal.to(recording.recorded(output).dtype)
                for output, signal in zip(step.outputs, arrived, strict=True)
            ]
        for source, signal in zip(step.inputs, step.reverse_outputs(arrived, batch), strict=True):
            if source >= 0 and signal is not None:
                if carried is not None:
                    signal = signal.to(carried)
                signals[source] = total(signals[source], signal) if source in signals else signal
    image = recording.recorded(0)
    if 0 not in signals:  # nothing flows back, e.g. behind detach()
        values = image.new_zeros((batch.rows, image.shape[1], 1, 1))
        return Window(
            values,
            0,
            (0,) * batch.lanes,
            (0,) * batch.lanes,
            (image.shape[1], image.shape[2], image.shape[3]),
        )
    window = as_map(signals[0]).all_channels().to(asked_precision(recording)).to(image.dtype)
    if watch is not None:
        watch(0, window)
    return window


def _parts(recording: Recording, signal: Signal, batch: Batch) -> list[tuple[Signal, Batch]]:
    """Return a signal that has outgrown the processor's cache in parts, each of some architectures."""
    count, values = len(batch.architectures), signal.values
    if values.nbytes <= PART_BYTES:
        return [(signal, batch)]
    at_once = max(1, count * PART_BYTES // values.nbytes)
    return [
        (
            signal.with_values(values[first * batch.lanes : (first + at_once) * batch.lanes]),
            recording.batch(batch.architectures[first : first + at_once], batch.lanes),
        )
        for first in range(0, count, at_once)
    ]


def _joined(parts: Sequence[Window]) -> Window:
    """Return the rows of windows that stand at one place as one window."""
    return parts[0].with_values(torch.cat([part.values for part in parts]))


def _seeded(recording: Recording, slot: int, seeds: Sequence[Seed], batch: Batch) -> Signal:
    """Return ŷ of every lane, repeated for every architecture."""
    tensor, lanes = recording.recorded(slot), len(seeds)
    architectures = len(batch.architectures)
    precision = carried_precision(recording) or tensor.dtype
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
        return Window(values, channel, tops, lefts, extent).to(precision)
    dense = tensor.new_zeros((lanes, *tensor.shape))
    for lane, seed in enumerate(seeds):
        inside = dense[lane, 0] if tensor.ndim > 1 and tensor.shape[0] == 1 else dense[lane]
        inside[
            tuple(slice(a, a + n) for a, n in zip(seed.start, seed.values.shape, strict=True))
        ] = seed.values
    return Dense(dense.repeat(architectures, *(1,) * tensor.ndim), lanes).to(precision)


def _picture(window: Window, rows: Sequence[int], lane: int) -> Picture:
    """Take one lane out of a batch, in the order asked, cut to the image."""
    values = torch.cat([window.values[row + lane : row + lane + 1] for row in rows])
    alone = Window(values, 0, (window.tops[lane],), (window.lefts[lane],), window.extent).confined()
    return alone.box, alone.values
