"""Pages written once, for tests that look at them."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope.models import Model, Preprocessing, from_module

HOSTILE = "</script><script>document['title']='hurt'</script>"
LAYER = "features.15"  # relu3_3: windows of 40×40


@pytest.fixture(scope="session")
def vgg() -> ds.Explorer:
    return ds.Explorer(layer=LAYER)


@pytest.fixture(scope="session")
def lossless(vgg: ds.Explorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The VGG trunk at one layer, as the kernel computes it."""
    path = tmp_path_factory.mktemp("pages") / "lossless.html"
    vgg.to_html(path, channels=16, neurons_per_channel=3, progress=False)
    return path


@pytest.fixture(scope="session")
def hostile_model() -> Model:
    """A tiny network whose layers and whose own name would end a script element."""
    torch.manual_seed(0)
    network = nn.Sequential(
        OrderedDict(
            [
                (HOSTILE, nn.Conv2d(3, 4, 3, padding=1)),
                ("a/b?c#d %,e", nn.ReLU()),
                ("pool", nn.MaxPool2d(2)),
            ]
        )
    ).eval()
    return from_module(network, preprocess=Preprocessing(size=32, resize=32), name=HOSTILE)


@pytest.fixture(scope="session")
def hostile(hostile_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two explorers of that network on one page, with hostile words around them."""
    path = tmp_path_factory.mktemp("pages") / f"{HOSTILE.replace('/', '|')}.html"
    explorer = ds.Explorer(hostile_model, layer="a/b?c#d %,e")
    other = ds.Explorer(hostile_model, "coffee", layer=HOSTILE)
    exhibits = [
        explorer.exhibit(channels=[0, 2], title=HOSTILE, text="<img src=x onerror=alert(1)>"),
        other.exhibit(layers=[HOSTILE, "pool"], neurons_per_channel=4),
    ]
    ds.write_page(path, exhibits, title=HOSTILE, progress=False)
    return path
