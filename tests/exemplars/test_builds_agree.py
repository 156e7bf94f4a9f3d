"""One process or several, killed or not, in any batches: the same bytes; and the numbers of a slow twin."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from deconvscope.exemplars import Exemplars, Worker, merge
from deconvscope.exemplars.images import Items

from .cases import (
    SETTINGS,
    Pictures,
    build_until_killed_while_writing,
    built,
    contents,
    process,
    small_model,
    twin,
)

COUNT = 50
SHARD_SIZE = SETTINGS["shard_size"]
LAYERS = {
    "first": lambda net, x: net.first(x),
    "third": lambda net, x: net.third(_joined(net, x)),
    "head": lambda net, x: net(x),
}


def _joined(net, x):
    skipped = F.relu(net.first(x))
    return F.relu(torch.cat([F.relu6(net.second(skipped) + skipped), skipped], 1))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process finds that nobody disturbs."""
    out = tmp_path_factory.mktemp("alone")
    built(out, COUNT)
    return out


def test_a_slow_twin_finds_the_same_images_at_the_same_places(tmp_path):
    model = small_model()
    built(tmp_path, COUNT, dtype=torch.float64)
    images = [Items(Pictures(COUNT)).input(i, model.preprocess).double() for i in range(COUNT)]
    model.network.double().eval()
    expected = twin(model, images, LAYERS, SETTINGS["k"])
    exemplars = Exemplars.open(tmp_path)
    for name in LAYERS:
        for channel, found in enumerate(exemplars[name]):
            width = exemplars[name].layer.shape[2] if name != "head" else 1
            places = [0 if e.y is None or e.x is None else e.y * width + e.x for e in found]
            wanted = expected[name][channel]
            assert [e.image for e in found] == [image for image, _, _ in wanted]
            assert places == [place for _, place, _ in wanted]
            assert [e.value for e in found] == pytest.approx([v for _, _, v in wanted], rel=1e-12)


@pytest.mark.parametrize("batch_size", [1, 3, 16, 64])
def test_batches_of_any_size_make_the_same_bytes(alone, tmp_path, batch_size):
    built(tmp_path, COUNT, batch_size=batch_size)
    assert contents(tmp_path) == contents(alone)


def test_processes_that_read_make_the_same_bytes(alone, tmp_path):
    built(tmp_path, COUNT, batch_size=5, loaders=2)
    assert contents(tmp_path) == contents(alone)


@pytest.mark.parametrize("processes", [2, 3])
def test_two_and_three_processes_at_once_make_the_same_bytes(alone, tmp_path, processes):
    workers = [
        process(str(tmp_path), Pictures(COUNT), rank, processes, 2 + rank)
        for rank in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    merge(tmp_path)
    assert contents(tmp_path) == contents(alone)


@pytest.mark.parametrize("seed", range(3))
def test_builds_killed_at_random_points_and_resumed_make_the_same_bytes(alone, tmp_path, seed):
    dice = random.Random(seed)
    left: list[int] = []
    points = sorted(dice.choices(range(COUNT), k=2)) + [COUNT - dice.randint(1, SHARD_SIZE)]
    for point in sorted(points):
        batch_size = dice.choice([1, 4, 7])
        one = process(str(tmp_path), Pictures(COUNT, point), 0, 1, batch_size)
        one.start()
        one.join()
        assert one.exitcode == -signal.SIGKILL
        left.append(len(list(tmp_path.glob("shard-*"))))
        assert left[-1] == point // SHARD_SIZE
    report = built(tmp_path, COUNT, batch_size=dice.choice([1, 4, 7]))
    assert len(report.found) == left[-1] > 0
    assert contents(tmp_path) == contents(alone)


@pytest.mark.parametrize("writes", range(7))  # manifest, names, four shards, the result
def test_builds_killed_while_a_file_is_written_leave_no_half_of_it(alone, tmp_path, writes):
    one = process(str(tmp_path), COUNT, writes, run=build_until_killed_while_writing)
    one.start()
    one.join()
    assert one.exitcode == -signal.SIGKILL
    whole = contents(alone)
    assert len(contents(tmp_path)) == writes
    assert all(whole[name] == content for name, content in contents(tmp_path).items())
    built(tmp_path, COUNT)
    assert contents(tmp_path) == whole


def test_a_build_killed_after_two_shards_keeps_them(tmp_path):
    one = process(str(tmp_path), Pictures(COUNT, 2 * SHARD_SIZE), 0, 1, 4)
    one.start()
    one.join()
    assert one.exitcode == -signal.SIGKILL
    report = built(tmp_path, COUNT)
    assert report.found == (0, 1)
    assert report.computed == (2, 3)


def test_an_interrupted_build_stops_and_keeps_its_shards(tmp_path):
    one = process(str(tmp_path), Pictures(COUNT, SHARD_SIZE + 3, signal.SIGINT), 0, 1, 4)
    one.start()
    one.join()
    assert one.exitcode == 1  # multiprocessing's status for an exception, here KeyboardInterrupt
    assert not list(tmp_path.glob("*.tmp")) and not (tmp_path / "exemplars.safetensors").exists()
    assert built(tmp_path, COUNT).found == (0,)


def test_another_number_of_processes_may_go_on(alone, tmp_path):
    built(tmp_path, COUNT, worker=Worker(1, 3))
    assert built(tmp_path, COUNT, worker=Worker(0, 2)).computed == (0, 2)
    report = built(tmp_path, COUNT)
    assert report.found == (0, 1, 2) and report.computed == (3,)
    assert contents(tmp_path) == contents(alone)


def test_shards_of_another_size_have_the_same_result(alone, tmp_path):
    built(tmp_path, COUNT, shard_size=8)
    one, other = Exemplars.open(alone), Exemplars.open(tmp_path)
    for layer in one.layers:
        assert list(one[layer.name]) == list(other[layer.name])
        assert one[layer.name].quantile(0, 0.1) == other[layer.name].quantile(0, 0.1)


@pytest.mark.parametrize("damage", ["cut short", "altered", "of another build", "empty"])
def test_broken_shards_are_computed_anew(alone, tmp_path, damage):
    built(tmp_path, COUNT)
    shard = tmp_path / "shard-00002.safetensors"
    content = shard.read_bytes()
    if damage == "cut short":
        shard.write_bytes(content[: len(content) // 2])
    elif damage == "altered":
        place = len(content) - 100
        shard.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    elif damage == "of another build":
        shard.write_bytes((tmp_path / "shard-00001.safetensors").read_bytes())
    else:
        shard.write_bytes(b"")
    report = built(tmp_path, COUNT)
    assert report.computed == (2,)
    assert contents(tmp_path) == contents(alone)
