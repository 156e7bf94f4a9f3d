"""Small networks on small pictures, and drawing that can be taken away."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from deconvscope.models import Preprocessing, from_module


@pytest.fixture(scope="session")
def photograph():
    """Soft blobs of colour, 40×48."""
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((48, 40), Image.Resampling.BICUBIC)


@pytest.fixture(scope="session")
def small():
    """A chain of two convolutions, two rectifiers and two pools, (3, 32, 32) ↦ (8, 8, 8)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        chain = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
    return from_module(chain.eval(), preprocess=Preprocessing(size=32, resize=32), name="small")


@pytest.fixture
def without_matplotlib(monkeypatch):
    """As on a machine where the extra is not installed."""
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
