"""Broken images, full disks, numbers out of range: told clearly, and nothing lost of what was done."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import torch
from torch import nn

from deconvscope.exemplars import (
    BrokenFileError,
    ChangingNetworkError,
    DataSetError,
    Exemplars,
    NoImagesError,
    UnfinishedBuildError,
    Worker,
    WriteError,
    build,
    merge,
)
from deconvscope.models import UnknownModelError, from_module
from deconvscope.reversal import UnknownLayerError

from .cases import SETTINGS, SIZE, built, contents, folder_of_pictures, picture, small_model


def test_broken_images_are_skipped_counted_and_listed(tmp_path):
    folder = folder_of_pictures(tmp_path / "images", 20)
    (folder / "0003.png").write_bytes(b"no picture")
    (folder / "0017.png").write_bytes((folder / "0017.png").read_bytes()[:200])
    (folder / "0018.png").write_bytes(b"")
    report = build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    broken = {"0003.png", "0017.png", "0018.png"}
    assert set(report.skipped) == broken
    assert "3 images were skipped" in str(report) and "0017.png: UnreadableImageError" in str(
        report
    )
    exemplars = Exemplars.open(tmp_path / "out", model=small_model())
    assert set(exemplars.skipped) == broken
    assert not broken & {found.name for channel in exemplars["first"] for found in channel}


def test_links_that_lead_nowhere_are_skipped(tmp_path):
    folder = folder_of_pictures(tmp_path / "images", 20)
    (folder / "0007b.png").symlink_to(folder / "moved away.png")
    report = build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    assert report.skipped == {"0007b.png": "UnreadableImageError: a link that leads nowhere"}
    assert report.merged


def test_broken_images_change_nothing_for_the_others(tmp_path):
    whole = [picture(number) for number in range(20)]
    build(small_model(), whole, out=tmp_path / "whole", **SETTINGS)
    build(
        small_model(), [*whole[:9], b"no picture", *whole[10:]], out=tmp_path / "broken", **SETTINGS
    )
    one, other = (Exemplars.open(tmp_path / name) for name in ("whole", "broken"))
    unbroken = [[e for e in channel if e.image != 9] for channel in one["third"]]
    for channel, found in enumerate(other["third"]):
        assert found[: len(unbroken[channel])] == unbroken[channel]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (torch.zeros(3, SIZE, SIZE + 1), "its shape is"),
        (torch.full((3, SIZE, SIZE), float("nan")), "NaN"),
        (torch.zeros(3, SIZE, SIZE, dtype=torch.uint8), "floats"),
        ("no such file.png", "no such file"),
        (None, "NoneType"),
    ],
)
def test_items_that_are_no_image_are_skipped_and_told_of(tmp_path, item, told):
    report = build(small_model(), [picture(0), (item, 7), picture(1)], out=tmp_path, **SETTINGS)
    assert list(report.skipped) == ["1"] and told in report.skipped["1"]


def test_activations_that_are_not_finite_are_no_response(tmp_path):
    images = {str(n): torch.randn(3, SIZE, SIZE) for n in range(6)}
    images["huge"] = torch.full((3, SIZE, SIZE), 3e38)
    build(small_model(), images, out=tmp_path, **SETTINGS)
    exemplars = Exemplars.open(tmp_path)
    for layer in exemplars.layers:
        for channel in exemplars[layer.name]:
            assert all(np.isfinite(found.value) for found in channel)


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    with pytest.raises(NoImagesError, match="holds no images"):
        build(small_model(), tmp_path / "empty", out=tmp_path / "out")
    with pytest.raises(NoImagesError, match="empty"):
        build(small_model(), [], out=tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        build(small_model(), tmp_path / "nowhere", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_one_readable_image_is_refused(tmp_path):
    (tmp_path / "one.png").write_bytes(b"no picture")
    with pytest.raises(
        NoImagesError, match=r"none of the 1 images can be read; the first, one\.png"
    ):
        build(small_model(), tmp_path, out=tmp_path / "out")


def test_two_images_of_one_name_are_refused(tmp_path):
    path = folder_of_pictures(tmp_path / "images", 1) / "0000.png"
    with pytest.raises(DataSetError, match="two images"):
        build(small_model(), [path, path], out=tmp_path / "out")


@pytest.mark.parametrize("copy", [5, 30])  # in the shard of the original, and in a later one
def test_images_of_the_same_content_count_once_and_are_listed(tmp_path, copy):
    originals = [picture(number) for number in range(40)]
    doubled = [*originals[:copy], originals[2], *originals[copy:]]
    build(small_model(), originals, out=tmp_path / "once", **SETTINGS)
    build(small_model(), doubled, out=tmp_path / "twice", **SETTINGS)
    once, twice = (Exemplars.open(tmp_path / name) for name in ("once", "twice"))
    assert twice.duplicates == {str(copy): "2"} and not once.duplicates
    for layer in once.layers:
        for one, other in zip(once[layer.name], twice[layer.name], strict=True):
            assert [e.value for e in one] == pytest.approx([e.value for e in other], rel=1e-5)
            assert [e.image + (e.image >= copy) for e in one] == [e.image for e in other]


def test_equal_responses_are_ordered_by_the_number_of_the_image(tmp_path):
    # Images that differ only where no neuron looks
    network = nn.Sequential(nn.Conv2d(3, 2, 1, stride=4))
    images = []
    for shade in range(40):
        image = torch.zeros(3, SIZE, SIZE)
        image[:, 1, 1] = shade + 1.0
        images.append(image)
    build(from_module(network, name="sparse"), images, out=tmp_path, **SETTINGS, layers=["0"])
    for channel in Exemplars.open(tmp_path)["0"]:
        assert [found.image for found in channel] == [0, 1, 2]
        assert {(found.y, found.x) for found in channel} == {(0, 0)}


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folder_of_pictures(tmp_path / "images", 4)
    build(small_model(), "~/images", out="~/out", **SETTINGS)
    opened = Exemplars.open("~/out")
    assert opened.folder == tmp_path / "out" and opened.export("~/table.csv").exists()
    assert merge("~/out").exists()


def test_preprocessing_that_draws_random_numbers_is_refused(tmp_path):
    model = from_module(
        nn.Conv2d(3, 2, 3), preprocess=lambda picture: torch.rand(3, 8, 8), name="m"
    )
    with pytest.raises(DataSetError, match="random"):
        build(model, [picture(0)], out=tmp_path)


@pytest.mark.parametrize("place", ["shard", "merged"])
def test_a_full_disk_is_told_of_and_what_was_done_is_kept(tmp_path, monkeypatch, place):
    durably = os.fsync
    written: list[int] = []

    def disk_with_room_for(files):
        def write(file):
            if len(written) == files:
                raise OSError(errno.ENOSPC, "No space left on device")
            written.append(file)
            durably(file)

        return write

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", disk_with_room_for(4 if place == "shard" else 6))
        with pytest.raises(WriteError, match="No space left on device; free some space") as caught:
            built(tmp_path)
    assert caught.value.errno == errno.ENOSPC
    shards = 2 if place == "shard" else 4
    assert len(list(tmp_path.glob("shard-*"))) == shards
    assert not list(tmp_path.glob(".*")), "a half-written file was left"
    assert built(tmp_path).found == tuple(range(shards))


def test_a_folder_that_may_not_be_written_is_not_called_full(tmp_path, monkeypatch):
    def refused(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(WriteError, match="Input/output error; when that is fixed, run the same"):
        built(tmp_path)


def test_a_broken_list_of_the_images_is_written_anew(tmp_path):
    built(tmp_path)
    whole = contents(tmp_path)
    listing = tmp_path / "images.safetensors"
    listing.write_bytes(listing.read_bytes()[:-1])
    assert not built(tmp_path).computed
    assert contents(tmp_path) == whole


def test_nothing_is_opened_or_merged_that_is_not_there(tmp_path):
    with pytest.raises(UnfinishedBuildError, match="build them first"):
        Exemplars.open(tmp_path)
    built(tmp_path, worker=Worker(0, 2))
    with pytest.raises(UnfinishedBuildError, match="not merged yet"):
        Exemplars.open(tmp_path)
    with pytest.raises(UnfinishedBuildError, match=r"2 of 4 shards are missing \(1, 3\)"):
        merge(tmp_path)
    built(tmp_path, worker=Worker(1, 2))
    shard = tmp_path / "shard-00001.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(UnfinishedBuildError, match="shard-00001.* computes that shard again"):
        merge(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(BrokenFileError, match="manifest"):
        merge(tmp_path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"k": 0}, "k=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"shard_size": 10}, "multiple of chunk=4"),
        ({"dtype": torch.int32}, "floating-point"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path, changed, told):
    with pytest.raises(ValueError, match=told):
        built(tmp_path, **changed)
    assert not list(tmp_path.iterdir())


def test_unknown_models_layers_and_data_sets_are_refused(tmp_path):
    with pytest.raises(UnknownModelError, match="vgg16"):
        build("vgg61", [picture(0)], out=tmp_path)
    with pytest.raises(UnknownLayerError, match="'thrid' with channels; did you mean 'third'"):
        built(tmp_path, layers=["thrid"])
    with pytest.raises(TypeError, match="map-style"):
        build(small_model(), 7, out=tmp_path)


def test_a_network_whose_calls_depend_on_the_image_is_refused(tmp_path):
    class Moody(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 2, 3)
            nn.init.ones_(self.conv.weight)

        def forward(self, x):
            x = torch.relu(self.conv(x))
            return torch.relu(x) if x.max() > 1e3 else x

    images = [torch.full((3, SIZE, SIZE), shade) for shade in (0.0, 1e5)]
    with pytest.raises(ChangingNetworkError, match="depend on the image"):
        build(from_module(Moody(), name="moody"), images, out=tmp_path, chunk=1, shard_size=1)
