"""A finished build, read: entries, windows, reversed pictures, figure, tables, and where images come from."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pyarrow.parquet
import pytest
import torch
from PIL import Image

import deconvscope as ds
from deconvscope.exemplars import Exemplars, build
from deconvscope.exemplars.manifest import read_manifest
from deconvscope.exemplars.reversed_exemplars import ExemplarReversal, piece_of
from deconvscope.exemplars.shards import read_shard, shard_path
from deconvscope.models import Preprocessing, from_module
from deconvscope.reversal import Box, ReceptiveField

from .cases import SETTINGS, SmallNetwork, folder_of_pictures, picture, small_model


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exemplars")
    build(small_model(), folder_of_pictures(folder / "images", 40), out=folder / "out", **SETTINGS)
    return Exemplars.open(folder / "out", model=small_model())


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """The nine strongest of forty crops for VGG-16's trunk at 128 pixels."""
    folder = tmp_path_factory.mktemp("crops")
    dice = np.random.default_rng(0)
    images = {}
    for number in range(24):
        photograph = ds.sample_image(("chelsea", "coffee", "astronaut", "rocket")[number % 4])
        left, top = (int(dice.integers(0, side - 128)) for side in photograph.size)
        images[f"crop {number}"] = photograph.crop((left, top, left + 128, top + 128))
    trunk = ds.load_model("vgg16_trunk")
    model = from_module(
        trunk.network, preprocess=Preprocessing(128, 128, *_scaled()), name="vgg16_trunk"
    )
    build(model, images, out=folder, layers=["conv2_2", "conv3_3", "conv4_3", "conv5_3"])
    return Exemplars.open(folder, model=model, images=images)


def _scaled():
    preprocess = ds.load_model("vgg16_trunk").preprocess
    assert isinstance(preprocess, Preprocessing)
    return preprocess.mean, preprocess.std, preprocess.scale


def test_entries_say_which_image_where_and_how_strong(opened):
    network, preprocess = SmallNetwork().eval(), small_model().preprocess
    network.load_state_dict(small_model().network.state_dict())
    for channel, found in enumerate(opened["first"]):
        assert len(found) == 3
        assert [e.value for e in found] == sorted((e.value for e in found), reverse=True)
        for one in found:
            assert one.name == f"{one.image:04d}.png"
            with torch.no_grad():
                activation = network.first(preprocess(picture(one.image))[None])[0]
            assert activation[channel, one.y, one.x] == pytest.approx(one.value, rel=1e-5)
            assert activation[channel].max() == activation[channel, one.y, one.x]


def test_layers_go_by_label_and_rectifiers_by_their_inputs(crops, opened):
    assert "conv4_3" in crops and "features.21" in crops and "relu4_3" in crops
    assert crops["conv4_3"][7] == crops["features.21"][7] == crops["CONV4_3"][7]
    assert crops.recorded_name("Relu4_3") == "features.22"
    assert crops["relu4_3"][7] == [e for e in crops["conv4_3"][7] if e.value > 0]
    with pytest.raises(ds.UnknownLayerError, match="'conv4_1'; did you mean .*conv4_3"):
        crops["conv4_1"]
    assert [found.y for found in opened["head"][0]] == [None] * 3
    assert opened["relu6"][0][0].value == min(opened["add"][0][0].value, 6.0)


def test_channels_are_a_sequence_with_bounds(opened):
    layer = opened["first"]
    assert len(layer) == 6 and layer[-1] == layer[5] and layer[1:3] == [layer[1], layer[2]]
    with pytest.raises(IndexError, match="channel 6 of 'first': it has 6 channels"):
        layer[6]


@pytest.mark.parametrize(
    "layer",
    [
        "conv2_2",
        "conv3_3",
        *(pytest.param(f"conv{n}_3", marks=pytest.mark.lengthy) for n in (4, 5)),
    ],
)
def test_pictures_equal_those_of_single_recordings_of_whole_images(crops, layer):
    net = ds.ReversedNetwork(crops.model.network)
    channel = 33
    pictures = crops.pictures(layer, channel, ["DeConvNet", "DeSaliNet"])
    assert len(pictures) == 9
    for found, made in zip(crops[layer][channel], pictures, strict=True):
        recording = net.record(crops.source.input(found.image, crops.model.preprocess))
        neuron = ds.Neuron(crops[layer].layer.name, channel, found.y, found.x)
        alone = recording.reverse(neuron, ["DeConvNet", "DeSaliNet"])
        assert made.window == alone.window == found.window
        assert made.selection == alone.selection and made.extent == alone.extent
        scale = float(alone.values.abs().max())
        torch.testing.assert_close(made.values, alone.values, rtol=1e-3, atol=1e-4 * scale)


def test_pictures_of_small_fields_are_made_from_pieces_of_images(crops, monkeypatch):
    whole = ds.ReversedNetwork.record
    seen = []

    def noting(self, image, *rest, **named):
        seen.append(tuple(image.shape[-2:]))
        return whole(self, image, *rest, **named)

    crops.pictures("conv3_3", 1)  # what is made once is there
    monkeypatch.setattr(ds.ReversedNetwork, "record", noting)
    assert len(crops.pictures("conv3_3", 2)) == len(seen) == 9
    assert all(max(shape) <= 44 for shape in seen)  # a field of 40, and up to 4 of a stride
    assert crops.pictures("conv3_3", 2) and len(seen) == 9, "computed again"


def test_where_a_piece_gives_another_value_the_whole_image_is_recorded():
    class Shifting(torch.nn.Module):
        """Rolls the image round, so that a neuron at the border sees the other side."""

        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, x):
            return torch.relu(self.conv(torch.nn.functional.pad(x, (1, 1, 1, 1), mode="circular")))

    network, image = Shifting().eval(), torch.randn(3, 16, 16)
    recording = ds.ReversedNetwork(network).record(image)
    neuron = ds.Neuron("conv", 2, 0, 0)
    alone = recording.reverse(neuron, "DeConvNet")
    made = ExemplarReversal(from_module(network), (3, 16, 16)).reverse(
        image,
        neuron,
        float(recording["conv"][2, 0, 0]),
        alone.window,
        "DeConvNet",
    )
    torch.testing.assert_close(made.dense(), alone.dense())


def test_pieces_begin_where_strides_do():
    field = ReceptiveField((8.0, 8.0), (-42, -42), (92, 92))
    assert piece_of(Box(38, 0, 92, 50), field) == Box(32, 0, 98, 50)
    assert piece_of(Box(38, 0, 92, 50), ReceptiveField((0.5, 0.5), (0, 0), (3, 3))) is None


def test_all_channels_of_vgg_16_at_k_100_fit_into_eight_megabytes(tmp_path):
    images = {str(number): torch.randn(3, 32, 32) for number in range(3)}
    build("vgg16_trunk", images, out=tmp_path, k=100)
    shard = read_shard(tmp_path, read_manifest(tmp_path), 0)
    assert sum(layer.responses.values.shape[0] for layer in shard.layers.values()) == 4224 + 512
    assert all(layer.responses.values.shape[1] == 100 for layer in shard.layers.values())
    assert shard_path(tmp_path, 0).stat().st_size <= 8_000_000
    assert (tmp_path / "exemplars.safetensors").stat().st_size <= 8_000_000


def test_how_rare_a_response_is(crops):
    layer = crops["conv4_3"]
    strongest = layer[33][0].value
    assert 0 < layer.share_at_least(33, strongest) < 0.02
    assert layer.share_at_least(33, 2 * strongest) == 0
    assert layer.share_at_least(33, layer.quantile(33, 0.25)) == pytest.approx(0.25, abs=0.02)
    rectified = crops["relu4_3"]
    assert rectified.share_at_least(33, 0.0) == 1.0
    assert rectified.share_at_least(33, strongest) == layer.share_at_least(33, strongest)
    assert rectified.quantile(33, 0.99) == 0.0


def test_the_figure_has_patches_above_their_reversed_pictures(crops):
    figure = crops.figure("conv3_3", [1, 2], "DeSaliNet")
    pixels = np.asarray(figure)
    one = np.asarray(crops.patch(crops["conv3_3"][1][0]))
    top, height = 22, one.shape[0]
    cell = max(np.asarray(crops.patch(e)).shape[0] for e in crops["conv3_3"][1])
    first = pixels[top + (cell - height) // 2 :, (cell - one.shape[1]) // 2 :]
    assert (first[:height, : one.shape[1]] == one).all()
    grey = pixels[top + cell + 3 : top + 2 * cell + 3, :cell]
    assert grey.std() > 1 and abs(int(np.median(grey)) - 128) < 60
    with pytest.raises(ValueError, match="none has an exemplar"):
        crops.figure("conv3_3", [])


def test_a_patch_is_what_the_neuron_sees(opened):
    found = opened["third"][2][0]
    w = found.window
    expected = picture(found.image).crop((w.left, w.top, w.left + w.width, w.top + w.height))
    assert opened.patch(found).tobytes() == expected.tobytes()


def test_tables_hold_every_entry(opened, tmp_path):
    with opened.export(tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * sum(layer.channels for layer in opened.layers)
    found = opened["third"][4][1]
    row = next(r for r in rows if (r["layer"], r["channel"], r["rank"]) == ("third", "4", "1"))
    assert (row["name"], int(row["y"]), float(row["value"])) == (found.name, found.y, found.value)
    table = pyarrow.parquet.read_table(opened.export(tmp_path / "all.parquet")).to_pylist()
    assert len(table) == len(rows)
    assert table[-1]["layer"] == "head" and table[-1]["y"] is None
    with pytest.raises(ValueError, match=r"\.csv or \.parquet"):
        opened.export(tmp_path / "all.xls")


def test_the_result_is_read_only_where_it_is_asked_for(opened, monkeypatch):
    read = []
    row = type(opened._file).row

    def noting(self, *what):
        read.append(what)
        return row(self, *what)

    monkeypatch.setattr(type(opened._file), "row", noting)
    assert opened["third"][3]
    assert {what for _, what, _ in read} == {"value", "image", "place"} and len(read) == 3


def test_data_sets_of_every_kind_give_the_same_exemplars(opened, tmp_path):
    folder = opened.source.listing.root
    names = [f"{number:04d}.png" for number in range(40)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torchvision.datasets import ImageFolder

        kinds = {
            "files": [f"{folder}/{name}" for name in names],
            "pictures": {name: picture(n) for n, name in enumerate(names)},
            "arrays": [np.asarray(picture(n)) for n in range(40)],
            "tuples": [(picture(n), 3) for n in range(40)],
            "records": [{"image": picture(n), "label": 3} for n in range(40)],
            "tensors": [small_model().preprocess(picture(n)) for n in range(40)],
            "torchvision": ImageFolder(opened.source.listing.root + "/..", allow_empty=True),
        }
    for kind, images in kinds.items():
        build(small_model(), images, out=tmp_path / kind, **SETTINGS)
        other = Exemplars.open(tmp_path / kind, model=small_model(), images=images)
        for one, another in zip(opened["third"], other["third"], strict=True):
            assert [(e.image, e.y, e.x, e.value) for e in one] == [
                (e.image, e.y, e.x, e.value) for e in another
            ], kind
        assert opened.patch(one[0]).size == other.patch(another[0]).size


def test_a_moved_folder_can_be_given(opened, tmp_path):
    folder_of_pictures(tmp_path / "elsewhere", 40)
    other = Exemplars.open(opened.folder, images=tmp_path / "elsewhere")
    assert other.source.listing.root == str(tmp_path / "elsewhere")


def test_the_public_door_is_lazy_and_says_what_it_opened(opened):
    assert ds.exemplars.Exemplars is Exemplars
    assert repr(opened).startswith("Exemplars of small: the 3 strongest of 40 images")
    assert isinstance(opened.figure("first", 0), Image.Image)
