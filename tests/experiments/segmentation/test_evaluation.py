"""The evaluation of section 3.5: scores, folders of photographs and masks, and the claim on composites."""

import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import deconvscope as ds
import deconvscope.experiments as ex
from deconvscope.experiments.segmentation import evaluation
from deconvscope.experiments.segmentation.evaluation import BASELINE, accuracy_and_overlap

from ..few_classes import FewClasses


def test_accuracy_and_overlap_by_hand():
    found, true = np.array([[1, 1, 0, 0]], bool), np.array([[0, 1, 1, 0]], bool)
    assert accuracy_and_overlap(found, true) == pytest.approx((0.5, 1 / 3))
    with pytest.raises(ValueError, match="sizes"):
        accuracy_and_overlap(found, true[:, :3])


def test_composites_know_their_foreground():
    made = list(ex.composites(6, seed=1))
    for one in made:
        assert one.mask.shape == (240, 320) == one.photograph.size[::-1]
        assert 0.03 < one.mask.mean() < 0.32
    again = next(ex.composites(1, seed=1))
    assert np.array_equal(np.asarray(again.photograph), np.asarray(made[0].photograph))
    with pytest.raises(ValueError, match="count=0"):
        next(ex.composites(0))


@pytest.mark.lengthy
def test_salinet_and_desalinet_segment_better_than_the_baseline():
    found = ex.evaluate_segmentation(limit=4, size=240)
    for name in ("SaliNet", "DeSaliNet"):
        assert found.overlap(name) > found.overlap(BASELINE) + 5
        assert found.accuracy(name) > found.accuracy(BASELINE)
        assert found.overlap(name) > found.overlap("DeConvNet")


@pytest.fixture
def folders(tmp_path):
    """Two photographs with their masks."""
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    for number, one in enumerate(ex.composites(2, seed=3)):
        one.photograph.resize((160, 120)).save(images / f"{number}.png")
        Image.fromarray(one.mask).convert("L").resize((160, 120)).save(masks / f"{number}.png")
    return images, masks


def test_an_evaluation_goes_on_where_it_stopped(folders, tmp_path, monkeypatch):
    keep = tmp_path / "scores.jsonl"
    settings: dict[str, Any] = {"architectures": "SaliNet", "size": 96, "keep": keep}
    whole = ex.evaluate_segmentation(*folders, **settings)
    lines = keep.read_text().splitlines()
    assert len(lines) == 1 + 2
    keep.write_text("\n".join(lines)[:-9])  # the second photograph's line was cut short
    asked = []
    genuine = evaluation._scores

    def noted(case, *arguments):
        asked.append(case[0])
        return genuine(case, *arguments)

    monkeypatch.setattr(evaluation, "_scores", noted)
    again = ex.evaluate_segmentation(*folders, **settings)
    assert asked == ["1"] and str(again) == str(whole)
    assert keep.read_text().splitlines() == lines
    assert "82.82" in str(whole) and "geodesic" in str(whole)


def test_scores_of_another_evaluation_are_not_taken(folders, tmp_path):
    images, masks = folders
    keep = tmp_path / "scores.jsonl"
    network = ds.load_model("mobilenet_v2")
    settings: dict[str, Any] = {"architectures": "SaliNet", "size": 96, "keep": keep}
    ex.evaluate_segmentation(images, masks, network, **settings)
    other = tmp_path / "other"
    shutil.copytree(images, other / "images")
    shutil.copytree(masks, other / "masks")
    for arguments, more in (
        ((images, masks, network), {"size": 128}),
        ((other / "images", masks, network), {}),
        ((images, other / "masks", network), {}),
        ((images, masks, replace(network, network=ex.randomised(network.network, 0))), {}),
    ):
        with pytest.raises(ValueError, match="other settings"):
            ex.evaluate_segmentation(*arguments, **settings | more)
    keep.write_text(keep.read_text().replace('"accuracy"', '"precision"'))
    with pytest.raises(ValueError, match="something else than scores"):
        ex.evaluate_segmentation(images, masks, network, **settings)


def test_only_a_class_that_is_nowhere_counts_as_an_empty_mask(folders):
    images, masks = folders
    silent = FewClasses(-1e6)
    found = ex.evaluate_segmentation(images, masks, silent, "SaliNet", size=96)
    assert found.overlap("SaliNet") == 0 < found.overlap(BASELINE)
    dark = FewClasses(1.0, weight=0.0)  # positive everywhere, whatever the photograph
    with pytest.raises(ValueError, match="0, SaliNet.*is the picture zero"):
        ex.evaluate_segmentation(images, masks, dark, "SaliNet", size=96)


def test_files_that_are_no_pictures_need_no_mask(folders):
    images, masks = folders
    for name in ("notes.pdf", "._0.png"):
        (images / name).write_bytes(b"no picture")
    assert ex.evaluate_segmentation(images, masks, limit=2, size=64).photographs == 2


def test_bad_folders_are_refused(folders, tmp_path):
    images, masks = folders
    with pytest.raises(ValueError, match="both folders"):
        ex.evaluate_segmentation(images)
    with pytest.raises(ValueError, match="is not a folder"):
        ex.evaluate_segmentation(images, tmp_path / "none")
    with pytest.raises(ValueError, match="limit=0"):
        ex.evaluate_segmentation(images, masks, limit=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no pictures"):
        ex.evaluate_segmentation(tmp_path / "empty", masks)
    Image.new("L", (160, 120)).save(masks / "0.png")
    with pytest.raises(ValueError, match=r"0\.png.*empty"):
        ex.evaluate_segmentation(images, masks, size=96)
    Image.new("L", (160, 120), 255).save(masks / "0.png")  # one class only
    with pytest.raises(ValueError, match=r"0\.png.*whole photograph"):
        ex.evaluate_segmentation(images, masks, size=96)
    Image.new("L", (16, 12)).save(masks / "0.png")
    with pytest.raises(ValueError, match=r"0\.png.*\(12, 16\)"):
        ex.evaluate_segmentation(images, masks, size=96)
    (masks / "0.png").unlink()
    with pytest.raises(ValueError, match=r"no mask.*0\.png"):
        ex.evaluate_segmentation(images, masks)
