"""Algebra of what is kept: merging in any order, histograms that add, shares and quantiles against sorted numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from deconvscope.exemplars.histogram import (
    BINS,
    Histogram,
    added,
    bin_of,
    lattice,
    quantile,
    share_at_least,
)
from deconvscope.exemplars.top_responses import NOTHING, Responses, TopResponses, merged, without

K = 3
FEW = st.sampled_from([-2.0, -0.0, 0.0, 0.5, 1.0, 3.0])  # so that many are equal


@st.composite
def data_sets(draw):
    """Responses of one channel to some images, cut into parts at random."""
    values = draw(st.lists(FEW, min_size=1, max_size=20))
    owner = [draw(st.integers(0, 3)) for _ in values]
    return values, owner


def kept(entries):
    """The slow twin: sort everything, take the first k."""
    best = sorted(entries, key=lambda entry: (-entry[0], entry[1]))[:K]
    return [(value, image, image * 7) for value, image in best]


def part_of(entries):
    padded = [*kept(entries), *[(-np.inf, NOTHING, 0)] * K][:K]
    values, images, places = zip(*padded, strict=True)
    return Responses(
        np.array([values]), np.array([images], np.int32), np.array([places], np.uint16)
    )


def entries_of(responses):
    return [
        (v, i, p)
        for v, i, p in zip(
            responses.values[0].tolist(),
            responses.images[0].tolist(),
            responses.places[0].tolist(),
            strict=True,
        )
        if i != NOTHING
    ]


@given(data_sets(), st.randoms(use_true_random=False))
def test_any_split_merged_in_any_order_is_the_whole(data, dice):
    values, owner = data
    parts = [
        part_of([(v, i) for i, v in enumerate(values) if owner[i] == part]) for part in range(4)
    ]
    dice.shuffle(parts)
    one, two, three, four = parts
    whole = kept(list(zip(values, range(len(values)), strict=True)))
    assert entries_of(merged(parts)) == whole
    assert entries_of(merged([merged([one, two]), merged([three, four])])) == whole
    assert entries_of(merged([one, merged([merged([four, three]), two])])) == whole


@given(st.lists(FEW, min_size=1, max_size=30), st.integers(1, 7))
def test_a_stream_in_chunks_keeps_what_sorting_everything_keeps(values, chunk):
    kept_by_stream = TopResponses(1, K, torch.float64, torch.device("cpu"))
    for first in range(0, len(values), chunk):
        part = torch.tensor(values[first : first + chunk], dtype=torch.float64)
        kept_by_stream.add(part[:, None], first, torch.ones(len(part), dtype=torch.bool))
    found = entries_of(kept_by_stream.responses(1))
    wanted = kept(list(zip(values, range(len(values)), strict=True)))
    assert [(v, i) for v, i, _ in found] == [(v, i) for v, i, _ in wanted]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_place_is_the_first_of_the_largest_row_by_row(layout):
    maps = torch.zeros(5, 4, 6, 7).random_(0, 4).to(memory_format=layout)  # full of ties
    stream = TopResponses(4, 5, torch.float32, torch.device("cpu"))
    stream.add(maps, 10, torch.tensor([True, True, False, True, True]))
    found = stream.responses(42)
    for channel in range(4):
        for image, place in zip(found.images[channel], found.places[channel], strict=True):
            if image != NOTHING:
                assert place == np.argmax(maps[image - 10, channel].contiguous().numpy().ravel())
    assert 12 not in found.images and (found.images[:, -1] == NOTHING).all()


def test_places_of_large_maps_fit():
    maps = torch.zeros(1, 1, 300, 300)
    maps[0, 0, 299, 298] = 1
    stream = TopResponses(1, 1, torch.float32, torch.device("cpu"))
    stream.add(maps, 0, torch.tensor([True]))
    found = stream.responses(300 * 300)
    assert found.places.dtype == np.uint32 and found.places[0, 0] == 299 * 300 + 298
    small = TopResponses(1, 1, torch.float32, torch.device("cpu"))
    small.add(maps[..., :256, :256] + torch.eye(256)[255], 0, torch.tensor([True]))
    assert small.responses(1 << 16).places.dtype == np.uint16


@given(data_sets())
def test_images_that_are_dropped_leave_their_places(data):
    values, owner = data
    entries = list(zip(values, range(len(values)), strict=True))
    dropped = np.array([i for i, part in enumerate(owner) if part == 0], np.int32)
    rest = [entry for entry in kept(entries) if entry[1] not in dropped]
    assert entries_of(without(part_of(entries), dropped)) == rest


@given(st.floats(width=32))
def test_every_number_lies_in_the_bin_it_is_counted_in(value):
    number = int(bin_of(torch.tensor([value])))
    if not np.isfinite(value):
        assert number == BINS
        return
    assert 0 <= number < BINS
    counts = np.zeros(BINS)
    counts[number] = 1
    low, high = quantile(counts, 1.0), quantile(counts, 0.0)
    assert low <= high
    if 2**-16 < abs(value) < 2**16:
        assert low <= value <= high
        assert high - low <= (0.25 if value > 0 else 1.0) * max(abs(low), 2**-15) + 1e-12


@given(st.lists(st.floats(-1e5, 1e5, width=32), min_size=2, max_size=50))
def test_bins_keep_the_order_of_numbers(values):
    ordered = torch.tensor(sorted(values))
    assert bin_of(ordered).diff().ge(0).all()


def test_shares_and_quantiles_are_those_of_the_sorted_numbers():
    values = torch.randn(400, 2, 4, 4).exp() * torch.tensor([1.0, -1.0])[:, None, None]
    histogram = Histogram(2, torch.device("cpu"))
    for first in range(0, 400, 100):
        histogram.add(values[first : first + 100], first // 100, torch.ones(100, dtype=torch.bool))
    counts = histogram.counts()
    assert counts.sum(1).tolist() == [6400, 6400]
    for channel, width in ((0, 0.25), (1, 1.0)):
        ordered = values[:, channel].flatten().sort(descending=True).values
        for share in (0.003, 0.05, 0.5, 0.9):
            value = float(ordered[int(share * len(ordered))])
            assert share_at_least(counts[channel], value) == pytest.approx(share, rel=0.2, abs=2e-4)
            assert quantile(counts[channel], share) == pytest.approx(value, rel=width / 2)
    assert share_at_least(counts[0], -1.0) == 1.0
    assert share_at_least(counts[0], 1e6) == 0.0
    for beyond, share in ((math.inf, 0.0), (1e300, 0.0), (math.nan, 0.0), (-math.inf, 1.0)):
        assert share_at_least(counts[1], beyond) == share


def test_histograms_add_in_any_order_and_count_only_what_was_seen():
    maps = torch.randn(8, 3, 5, 5)
    maps[2] = float("nan")
    usable = torch.tensor([True] * 7 + [False])
    whole, halves = Histogram(3, torch.device("cpu")), []
    whole.add(maps, 0, usable)
    for part in (slice(0, 3), slice(3, 8)):
        half = Histogram(3, torch.device("cpu"))
        half.add(maps[part], 0, usable[part])
        halves.append(half.counts())
    assert (added(*halves) == whole.counts()).all()
    assert (added(*reversed(halves)) == whole.counts()).all()
    rows, columns = lattice(5, 5, 0)
    places = maps[0, 0, rows, columns].numel()
    assert whole.counts().sum(1).tolist() == [6 * places] * 3


def test_the_lattice_visits_every_place():
    seen = torch.zeros(14, 9)
    for chunk in range(4 * 3):
        seen[lattice(14, 9, chunk)] += 1
    assert (seen == 1).all()


def test_counts_that_no_longer_fit_are_told_of():
    full = np.full(BINS, np.iinfo(np.uint32).max, np.uint32)
    with pytest.raises(OverflowError, match="one bin"):
        added(full, np.ones(BINS, np.uint32))


@pytest.mark.parametrize("asked", [-0.1, 1.1])
def test_shares_out_of_range_are_refused(asked):
    with pytest.raises(ValueError, match="share must be"):
        quantile(np.ones(BINS), asked)
    with pytest.raises(ValueError, match="nothing was counted"):
        share_at_least(np.zeros(BINS), 1.0)
