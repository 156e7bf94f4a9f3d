"""Explorers as one HTML file that stays clickable without a kernel and without a network."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..session import answer
from .coding import Coding
from .draft import Draft, Place
from .neurons import Exhibit
from .progress import shown
from .stored_neurons import NeuronTexts, PageTooLargeError, StoredNeuron

SAMPLE = 24
"""Neurons, drawn at random, by which size, seconds and loss are estimated."""
RESERVE = 200
"""Bytes for what is said about the loss."""
BATCH_SECONDS, LARGEST_BATCH = 0.6, 64


@dataclass(frozen=True)
class WrittenPage:
    """What `write_page` made.

    Attributes:
        path: the file.
        size: its bytes.
        neurons: how many neurons can be looked at in it.
        seconds: how long it took.
        difference: the mean error of a pixel, in grey levels of 255 of the paper's display, measured on a sample; 0
            where the pictures are stored without loss.
    """

    path: Path
    size: int
    neurons: int
    seconds: float
    difference: float


def write_page(
    path: str | os.PathLike[str],
    exhibits: Sequence[Exhibit],
    title: str = "",
    limit_mb: float = 8.0,
    progress: bool = True,
) -> WrittenPage:
    """Write explorers into one HTML file.

    Every neuron of the page is run backwards now, and the page looks them up. Pictures are stored without loss if
    the limit allows it, else with loss, which is measured and stated under each explorer.

    Args:
        path: the file; one that is there is replaced when the new one is complete.
        exhibits: the explorers, from top to bottom.
        title: of the page, and above all; by default the page is named after the first explorer.
        limit_mb: the largest file, in millions of bytes.
        progress: whether an estimate is printed and a bar shows the work.

    Raises:
        LookupError: an unknown layer.
        ValueError: no exhibit, no layer, or a channel out of range.
        PageTooLargeError: the page would be over the limit even with loss; says how many neurons fit.
        OSError: the file cannot be written there; raised before the work.
        RuntimeError: the front end is not built.

    Example:
        >>> explorer = Explorer(layer="conv4_3")                             # doctest: +SKIP
        >>> page = write_page("page.html", [explorer.exhibit(channels=20)])  # doctest: +SKIP
    """
    started = time.perf_counter()
    _require_place(Path(path))
    limit = int(limit_mb * 1e6)
    draft = Draft(exhibits, title, limit)
    places = draft.places()
    random.Random(0).shuffle(places)  # so that the first are a sample of all
    fixed = len(draft.text({}, _loss(0.0)).encode()) + RESERVE
    texts = NeuronTexts(len(places), fixed, limit)
    sample = list(_reversed(exhibits, places[:SAMPLE]))
    for place, neuron in sample:
        texts.add(place, neuron)
    size = texts.foresee()
    if progress:
        seconds = (time.perf_counter() - started) / len(sample) * len(places)
        print(f"{len(places)} neurons: about {size / 1e6:.1f} MB in {seconds:.0f} s")
    rest = _reversed(exhibits, places[SAMPLE:])
    for place, neuron in shown(rest, len(places), len(sample)) if progress else rest:
        texts.add(place, neuron)
    difference = _difference([neuron for _, neuron in sample], texts.coding)
    size = _write(Path(path), draft.text(texts.texts, _loss(difference)))
    seconds = round(time.perf_counter() - started, 1)
    return WrittenPage(Path(path), size, len(places), seconds, difference)


def _reversed(
    exhibits: Sequence[Exhibit], places: Sequence[Place]
) -> Iterator[tuple[Place, StoredNeuron]]:
    """Run neurons backwards, in batches of about `BATCH_SECONDS`."""
    begin, count = 0, 1
    while begin < len(places):
        started = time.perf_counter()
        batch = places[begin : begin + count]
        answers = list(_batch(exhibits, batch))
        pace = (time.perf_counter() - started) / len(batch)
        yield from answers
        begin += count
        count = max(1, min(LARGEST_BATCH, int(BATCH_SECONDS / pace)))


def _batch(
    exhibits: Sequence[Exhibit], places: Sequence[Place]
) -> Iterator[tuple[Place, StoredNeuron]]:
    for number, layer in sorted({(place.exhibit, place.neuron.layer) for place in places}):
        here = [p for p in places if (p.exhibit, p.neuron.layer) == (number, layer)]
        view = exhibits[number].view
        recording, asked = view.recorded_image.recording, view.place
        results = recording.reverse([place.neuron for place in here], asked.architectures)
        for place, result in zip(here, results, strict=True):
            yield (
                place,
                StoredNeuron.of(answer(asked, view.recorded_image, place.neuron, result, 0.0)),
            )


def _difference(sample: Sequence[StoredNeuron], coding: Coding) -> float:
    if coding is Coding.LOSSLESS:
        return 0.0
    means = [mean for neuron in sample for mean in neuron.differences(coding)]
    return float(f"{sum(means) / len(means):.2g}")


def _loss(difference: float) -> str:
    if difference == 0:
        return "The pictures are stored as the kernel computed them."
    return (
        "The pictures are stored with loss: in the paper's display a pixel is off by "
        f"{difference:.2g} of 255 grey levels on average."
    )


def _require_place(path: Path) -> None:
    """Look at where a file shall be written before hours of work are put into it."""
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r}: make it first")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"nothing can be written into {str(path.parent)!r}")


def _write(path: Path, text: str) -> int:
    """Write a file beside its place, then put it there: nobody finds half a page."""
    content = text.encode()
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return len(content)


__all__ = ["Exhibit", "PageTooLargeError", "WrittenPage", "write_page"]
