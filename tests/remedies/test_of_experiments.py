"""Remedies of `experiments` and `display`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import deconvscope as ds
from deconvscope import experiments
from deconvscope.analysis import as_mask, require
from deconvscope.models import Model, Preprocessing, from_module, layer_path

from ..experiments.few_classes import FewClasses
from .remedy import refused, remedies

pytestmark = pytest.mark.lengthy

EXTRAS = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture(scope="module")
def small() -> Model:
    """A chain of two convolutions, two rectifiers and two pools."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        chain = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
    return from_module(chain.eval(), preprocess=Preprocessing(size=32, resize=32), name="small")


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    return ds.sample_image("chelsea").resize((48, 40))


def extra_of(message: str) -> str:
    """Return the extra that a message names in `pip install 'deconvscope[…]'`."""
    before, _, after = message.partition("pip install 'deconvscope[")
    assert after, message
    return after.partition("]'")[0]


@remedies("is not installed: pip install 'deconvscope[")
@pytest.mark.parametrize("package", ["matplotlib.figure", "cv2"])
def test_extra_that_is_not_installed(
    package: str, small: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as taken:
        taken.setitem(sys.modules, package, None)
        with refused(ImportError) as refusal:
            if package == "cv2":
                experiments.cut_out(np.zeros((40, 40, 3), np.uint8), np.eye(40))
            else:
                require(package, "figures")
    extra = extra_of(refusal.message)
    needed = {"matplotlib.figure": "matplotlib", "cv2": "opencv-python"}[package]
    lines = EXTRAS.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith(f"{extra} = [") and needed in line for line in lines)


@remedies("choose a smaller size or a larger short_side", "choose larger crops")
def test_crops_that_do_not_suit(small: Model) -> None:
    with refused(ValueError):
        experiments.invert("5", model=small, steps=1, batch=2, size=60, short_side=64)
    with refused(ValueError):
        experiments.invert("5", model=small, steps=1, batch=2, size=2, short_side=64)
    for size, short_side in ((8, 64), (60, 260)):
        assert experiments.invert(
            "2", model=small, steps=1, batch=2, size=size, short_side=short_side
        ).errors


@remedies("is not known here; give it a deconvscope.models.Preprocessing")
def test_crops_for_preprocessing_that_is_not_known(small: Model) -> None:
    opaque = from_module(small.network, preprocess=lambda picture: torch.rand(3, 32, 32))
    with refused(ValueError) as refusal:
        experiments.invert("2", model=opaque, steps=1, batch=2, size=8, short_side=64)
    preprocessing = refusal.run("deconvscope.models.Preprocessing")(size=32, resize=32)
    known = from_module(small.network, preprocess=preprocessing)
    assert experiments.invert("2", model=known, steps=1, batch=2, size=8, short_side=64).errors


@remedies("so no bottleneck information: choose a deeper layer", "as in VGG and AlexNet")
def test_layers_without_an_inverse_network(small: Model) -> None:
    asked: dict[str, Any] = {"steps": 1, "batch": 2, "size": 8, "short_side": 64}
    with refused(ValueError):
        experiments.invert("0", model=small, **asked)
    branching = from_module(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.ReLU()))
    with refused(ValueError):
        experiments.invert("2", model=branching, **asked)
    assert experiments.invert("1", model=small, **asked).errors


@remedies("holds the training of other settings", "; name another file")
def test_training_kept_with_other_settings(small: Model, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"model": small, "batch": 2, "size": 8, "short_side": 64}
    experiments.invert("1", steps=1, keep=tmp_path / "kept.pt", **asked)
    with refused(ValueError):
        experiments.invert("1", steps=2, keep=tmp_path / "kept.pt", **asked)
    assert experiments.invert("1", steps=2, keep=tmp_path / "another.pt", **asked).errors


@remedies("holds something else than scores", "holds scores of other settings")
def test_scores_kept_with_other_settings(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    (tmp_path / "letter.txt").write_text("dear reader\n", encoding="utf-8")
    model = from_module(FewClasses(1.0, 0.5), preprocess=Preprocessing(size=32, resize=32))
    asked: dict[str, Any] = {"model": model, "limit": 1, "size": 64, "architectures": "SaliNet"}
    with refused(ValueError):
        experiments.evaluate_segmentation(keep=tmp_path / "letter.txt", **asked)
    kept = tmp_path / "kept.txt"
    experiments.evaluate_segmentation(keep=kept, **asked)
    with refused(ValueError):
        experiments.evaluate_segmentation(keep=kept, seed=5, **asked)
    another = tmp_path / "another.txt"
    assert experiments.evaluate_segmentation(keep=another, seed=5, **asked).scores


@remedies("name at least one")
def test_no_layers(small: Model, photograph: Image.Image) -> None:
    for experiment in (experiments.compare_depths, experiments.neuron_selectivity):
        with refused(ValueError):
            experiment(photograph, small, layers=[])  # type: ignore[operator]
        assert experiment(photograph, small, layers=["3"])  # type: ignore[operator]


@remedies("no photographs given: name at least one, e.g. 'chelsea'")
def test_no_photographs(small: Model) -> None:
    with refused(ValueError) as refusal:
        experiments.foreground([], model=small)
    name = eval(refusal.message.rpartition("e.g. ")[2])
    assert experiments.foreground([name], model=small)


@remedies("but the selection is in ")
def test_layer_beside_a_selection_in_another(small: Model, photograph: Image.Image) -> None:
    selection = ds.Strongest("3")
    with refused(ValueError) as refusal:
        experiments.eight_architectures(photograph, small, "5", selection)
    assert refusal.message.endswith("; give one")
    assert experiments.eight_architectures(photograph, small, "5")
    assert experiments.eight_architectures(photograph, small, selection=selection)


@remedies(": give one for each", "give masks, (H, W) arrays that are zero outside the foreground")
def test_masks_of_photographs(small: Model, photograph: Image.Image) -> None:
    mask = np.zeros((40, 48))
    mask[10:30, 10:30] = 1
    with refused(ValueError):
        experiments.foreground([photograph, photograph], masks=[mask], model=small)
    with refused(ValueError):
        experiments.foreground(photograph, model=small)
    assert experiments.foreground([photograph, photograph], masks=[mask, mask], model=small)


@remedies(
    "the mask is empty: mark the foreground with values other than zero",
    "the mask covers the whole photograph: leave the background zero",
)
def test_masks_that_say_nothing() -> None:
    for empty in (np.zeros((4, 6)), np.ones((4, 6))):
        with refused(ValueError):
            as_mask(empty, (4, 6))
    half = np.zeros((4, 6))
    half[:, 3:] = 0.25
    for mode in ("F", "I", "I;16", "L", "1"):
        scaled = half * {"F": 1, "1": 4}.get(mode, 4)
        kind = {"F": np.float32, "I": np.int32, "I;16": np.uint16, "1": bool}.get(mode, np.uint8)
        picture = Image.fromarray(scaled.astype(kind))
        assert picture.mode == mode
        assert np.array_equal(as_mask(picture, (4, 6)), half > 0)


@remedies("make it as the network sees the photograph (the model's preprocess.view)")
def test_mask_of_another_size(small: Model, photograph: Image.Image) -> None:
    mask = np.zeros((40, 48), np.uint8)
    mask[10:30, 10:30] = 255
    picture = torch.rand(3, 32, 32)
    with refused(ValueError):
        experiments.energy_inside(picture, torch.from_numpy(mask > 0))
    seen = np.asarray(small.preprocess.view(Image.fromarray(mask)).convert("L")) > 127
    assert 0 < experiments.energy_inside(picture, torch.from_numpy(seen)) < 1


@remedies("deconvscope.experiments.with_lrn(model) sets some into a network")
def test_network_without_lrn(small: Model, photograph: Image.Image) -> None:
    with refused(ValueError) as refusal:
        experiments.lrn_rule(photograph, small)
    changed = refusal.run("deconvscope.experiments.with_lrn(model)", model=small)
    assert experiments.lrn_rule(photograph, changed)


@remedies(
    "give the pixels that the network saw, model.preprocess.view(photograph)",
    "choose a deeper layer or a whole channel",
)
def test_photograph_of_another_size_and_a_small_window() -> None:
    pytest.importorskip("cv2")
    model, photograph = ds.load_model("vgg16_trunk"), ds.sample_image("chelsea")
    recording = ds.ReversedNetwork(model.network).record(model.preprocess(photograph))
    channel = recording.reverse(ds.Channel("features.16", 3), "SaliNet")
    with refused(ValueError) as refusal:
        experiments.segment_reversed(photograph, channel)
    pixels = refusal.run("model.preprocess.view(", model=model, photograph=photograph)
    with refused(ValueError):
        shallow = recording.reverse(ds.Strongest("features.0"), "SaliNet")
        experiments.segment_reversed(pixels, shallow)
    deeper = recording.reverse(ds.Strongest("features.16"), "SaliNet")
    for right in (deeper, channel):
        assert experiments.segment_reversed(pixels, right).mask.shape == right.extent


@remedies("name a layer whose most active channel takes the class's place, e.g. layer=")
def test_network_without_classes(small: Model) -> None:
    for model in (small, ds.load_model("vgg16_trunk", weights=None)):
        with refused(ValueError) as refusal:
            experiments.segmenter(model)
        layer = eval(refusal.message.rpartition("layer=")[2])
        path = layer_path(model.name, layer, dict(model.network.named_modules()))
        assert experiments.segmenter(model, layer=layer).layer == path


@remedies("this segmenter has its own; make another, deconvscope.experiments.segmenter(model, ")
@pytest.mark.parametrize("given", [{"layer": "3"}, {"size": 64}, {"layer": "3", "size": 64}])
def test_layer_beside_a_segmenter(given: dict[str, Any], small: Model) -> None:
    ready = experiments.segmenter(small, layer="5")
    with refused(ValueError) as refusal:
        experiments.segment("chelsea", model=ready, **given)
    model = small if "layer" in given else from_module(FewClasses(1.0, 0.5))
    assert refusal.run("deconvscope.experiments.segmenter(model", model=model).model


@remedies("so it shows no place: name one with maps")
def test_layer_without_maps() -> None:
    pytest.importorskip("cv2")
    model = from_module(FewClasses(1.0, 0.5), preprocess=Preprocessing(size=32, resize=32))
    with refused(ValueError):
        experiments.segment("chelsea", model=model, layer="classifier.0")
    assert experiments.segment("chelsea", model=model, layer="features.1").mask.any()


@remedies("; name a layer with maps instead")
def test_classifier_that_is_not_applied_everywhere() -> None:
    pytest.importorskip("cv2")

    class Squashed(FewClasses):
        def forward(self, x: torch.Tensor) -> Any:
            return super().forward(x).tanh() * 3

    model = from_module(Squashed(1.0, 0.5), categories=("a", "b"))
    with refused(ValueError):
        experiments.segmenter(model)
    assert experiments.segment("chelsea", model=model, layer="features.1").mask.any()


@remedies("give both folders, images and masks, or neither for the composites")
def test_one_folder_of_two(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    model = from_module(FewClasses(1.0, 0.5), preprocess=Preprocessing(size=32, resize=32))
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    ds.sample_image("chelsea").resize((90, 60)).save(tmp_path / "images" / "one.png")
    mask = np.zeros((60, 90), np.uint8)
    mask[20:40, 20:60] = 255
    Image.fromarray(mask).save(tmp_path / "masks" / "one.png")
    asked: dict[str, Any] = {"model": model, "size": 64, "architectures": "SaliNet"}
    with refused(ValueError):
        experiments.evaluate_segmentation(tmp_path / "images", **asked)
    both = experiments.evaluate_segmentation(tmp_path / "images", tmp_path / "masks", **asked)
    assert both.scores
    assert experiments.evaluate_segmentation(limit=1, **asked).scores


@remedies("cut both to the same window, or compare whole pictures")
def test_pictures_of_other_shapes(small: Model, photograph: Image.Image) -> None:
    recording = ds.ReversedNetwork(small.network).record(small.preprocess(photograph))
    a, b = recording.reverse([ds.Neuron("3", 1, 0, 0), ds.Neuron("3", 1, 8, 8)], "SaliNet")
    with refused(ValueError):
        experiments.similarity(a.values, b.values)
    assert experiments.similarity(a.dense(), b.dense()) <= 1
    height, width = min(a.window.height, b.window.height), min(a.window.width, b.window.width)
    assert experiments.similarity(a.dense()[..., :height, :width], b.dense()[..., :height, :width])


@remedies("makes a matrix too large to look at: use 30×30 or less")
def test_matrix_too_large() -> None:
    with refused(ValueError):
        experiments.transposed_convolution([[1, 2], [3, 4]], size=(40, 40))
    assert experiments.transposed_convolution([[1, 2], [3, 4]], size=(30, 30))


@remedies(
    ": at least one", ": at least 1 each", ": at least one photograph", "at least 32 pixels",
    "at least 1 place and 2 channels", "stride ≥ 1 and padding ≥ 0", "seeds are whole numbers ≥ 0",
    "does not fit a map of", "nn.MaxPool2d modules, asked for",
)  # fmt: skip
def test_numbers_out_of_range(small: Model, photograph: Image.Image) -> None:
    kernel = [[1, 2], [3, 4]]
    pairs: list[Any] = [
        (lambda n: experiments.cascading_randomisation(photograph, small, steps=n), 0, 1),
        (lambda n: list(experiments.composites(n)), 0, 1),
        (lambda n: experiments.invert("1", model=small, steps=n, size=8, short_side=64), 0, 1),
        (
            lambda n: experiments.evaluate_segmentation(model=small, layer="3", limit=n, size=64),
            0,
            1,
        ),
        (lambda n: experiments.segmenter(small, layer="3", size=n), 31, 32),
        (lambda n: experiments.neuron_selectivity(photograph, small, places=n), 0, 1),
        (lambda n: experiments.neuron_selectivity(photograph, small, channels=n), 1, 2),
        (lambda n: experiments.transposed_convolution(kernel, (4, 4), stride=n), 0, 1),
        (lambda n: experiments.transposed_convolution(kernel, (4, 4), padding=n), -1, 0),
        (lambda n: experiments.transposed_convolution(kernel, (n, n)), 1, 2),
        (lambda n: experiments.randomised(small.network, n), -1, 0),
        (lambda n: experiments.with_lrn(small, n), 3, 2),
    ]
    for use, wrong, right in pairs:
        with refused(ValueError):
            use(wrong)
        use(right)
