"""A build is gone on with, and opened, by its own model, data set and settings alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import pytest
import torch

from deconvscope.exemplars import (
    BrokenFileError,
    ChangedBuildError,
    Exemplars,
    Worker,
    build,
    building,
)
from deconvscope.exemplars.images import image_source
from deconvscope.models import Preprocessing

from .cases import (
    SETTINGS,
    SIZE,
    Pictures,
    built,
    contents,
    folder_of_pictures,
    picture,
    small_model,
)


@pytest.mark.parametrize("left", [30, 49])
def test_a_data_set_that_shrank_is_refused_and_the_build_stays(tmp_path, left):
    built(tmp_path, 50, worker=Worker(0, 2))
    before = contents(tmp_path)
    with pytest.raises(ChangedBuildError, match=f"shrank from 50 to {left} images"):
        built(tmp_path, left)
    with pytest.raises(ChangedBuildError, match="grew from 50 to 51"):
        built(tmp_path, 51)
    assert contents(tmp_path) == before


def test_an_image_that_goes_while_the_build_runs_stops_it_and_nothing_is_lost(
    tmp_path, monkeypatch
):
    folder = folder_of_pictures(tmp_path / "images", 40)
    listed = build(small_model(), folder, out=tmp_path / "out", **SETTINGS, worker=Worker(0, 3))
    assert listed.computed == (0,)
    kept = (folder / "0020.png").read_bytes()

    def listed_then_removed(images):
        source = image_source(images)
        (folder / "0020.png").unlink()
        return source

    with monkeypatch.context() as patch:
        patch.setattr(building, "image_source", listed_then_removed)
        with pytest.raises(ChangedBuildError, match=r"shrank while it was read: .*0020\.png"):
            build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    assert (tmp_path / "out" / "shard-00000.safetensors").exists()
    assert not (tmp_path / "out" / "shard-00001.safetensors").exists()
    (folder / "0020.png").write_bytes(kept)
    report = build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    assert report.found == (0,) and report.merged


def test_other_files_of_the_same_number_are_refused(tmp_path):
    folder = folder_of_pictures(tmp_path / "images", 20)
    build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    (folder / "0003.png").rename(folder / "other.png")
    with pytest.raises(ChangedBuildError, match="other images"):
        build(small_model(), folder, out=tmp_path / "out", **SETTINGS)


def test_a_moved_folder_is_the_same_data_set(tmp_path):
    build(small_model(), folder_of_pictures(tmp_path / "a", 20), out=tmp_path / "out", **SETTINGS)
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert not build(small_model(), tmp_path / "b", out=tmp_path / "out", **SETTINGS).computed


def test_other_weights_preprocessing_and_settings_are_refused(tmp_path):
    built(tmp_path)
    images = Pictures(50)
    with pytest.raises(ChangedBuildError, match="weights or structure changed"):
        build(small_model(seed=1), images, out=tmp_path, **SETTINGS)
    other = replace(
        small_model(), preprocess=Preprocessing(size=SIZE, resize=SIZE, std=(0.5, 0.5, 0.5))
    )
    with pytest.raises(ChangedBuildError, match="preprocessing changed"):
        build(other, images, out=tmp_path, **SETTINGS)
    with pytest.raises(ChangedBuildError, match="not 'renamed'"):
        build(replace(small_model(), name="renamed"), images, out=tmp_path, **SETTINGS)
    settings: list[tuple[dict[str, Any], str]] = [
        ({"k": 4}, "k was 3 and is 4"),
        ({"chunk": 8}, "chunk was 4 and is 8"),
        ({"shard_size": 32}, "shard_size was 16 and is 32"),
        ({"dtype": torch.float64}, "dtype was float32"),
        ({"layers": ["third"]}, "first, head.* not asked for"),
    ]
    for changed, told in settings:
        with pytest.raises(ChangedBuildError, match=told):
            built(tmp_path, **changed)
    assert not built(tmp_path).computed


def test_a_result_of_another_build_is_not_opened(tmp_path):
    built(tmp_path / "one")
    built(tmp_path / "two", k=2)
    shutil.copy(tmp_path / "one" / "exemplars.safetensors", tmp_path / "two")
    with pytest.raises(BrokenFileError, match="exemplars merge"):
        Exemplars.open(tmp_path / "two")
    with pytest.raises(ChangedBuildError, match="weights or structure differ"):
        Exemplars.open(tmp_path / "one", model=small_model(seed=1))
    with pytest.raises(ChangedBuildError, match="has 49"):
        Exemplars.open(tmp_path / "one", images=Pictures(49))
    with pytest.raises(ChangedBuildError, match="your own model"):
        _ = Exemplars.open(tmp_path / "one").model
    with pytest.raises(ChangedBuildError, match="no file keeps"):
        _ = Exemplars.open(tmp_path / "one").source


def test_another_data_set_is_not_taken_for_that_of_a_build(tmp_path):
    folder = folder_of_pictures(tmp_path / "images", 20)
    build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    shutil.copytree(folder, tmp_path / "renamed")
    (tmp_path / "renamed" / "0003.png").rename(tmp_path / "renamed" / "0003b.png")
    with pytest.raises(ChangedBuildError, match=r"image 3 .* '0003\.png', .* '0003b\.png'"):
        Exemplars.open(tmp_path / "out", images=tmp_path / "renamed")
    shutil.copytree(folder, tmp_path / "resized")
    picture(0).resize((9, 9)).save(tmp_path / "resized" / "0003.png")
    with pytest.raises(ChangedBuildError, match=r"'0003\.png' .* bytes"):
        Exemplars.open(tmp_path / "out", images=tmp_path / "resized")


def test_images_of_the_same_number_but_other_contents_are_noticed(tmp_path):
    built(tmp_path, 20)
    others = [picture(100 + number) for number in range(20)]
    opened = Exemplars.open(tmp_path, model=small_model(), images=others)
    with pytest.raises(ChangedBuildError, match="another content"):
        opened.pictures("first", 0)


def test_going_on_with_another_version_of_torch_is_warned_of(tmp_path):
    built(tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace(torch.__version__.split("+")[0], "1.0"))
    with pytest.warns(UserWarning, match="torch was .* last digits"):
        assert not built(tmp_path).computed
