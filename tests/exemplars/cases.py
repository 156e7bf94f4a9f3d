"""What these tests look at: a small network with every awkward kind of layer, small pictures, and a slow twin."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from deconvscope.exemplars import Report, Worker, build
from deconvscope.models import Model, Preprocessing, from_module

SIZE = 24
SETTINGS: dict[str, Any] = {"k": 3, "chunk": 4, "shard_size": 16}


class SmallNetwork(nn.Module):
    """Rectifies in place and by function, adds a skip, concatenates, pools, and ends in a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.second = nn.Conv2d(6, 6, 3, padding=1)
        self.third = nn.Conv2d(12, 8, 3, stride=2, padding=1)
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.first(x))
        skipped = x
        x = self.second(x)
        x += skipped
        x = F.relu(torch.cat([F.relu6(x), skipped], 1))
        x = F.max_pool2d(F.relu(self.third(x)), 2)
        scores: torch.Tensor = self.head(F.dropout(x.mean((2, 3)), training=self.training))
        return scores


def small_model(seed: int = 0) -> Model:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SmallNetwork()
    return from_module(network, preprocess=Preprocessing(size=SIZE, resize=SIZE), name="small")


def picture(number: int) -> Image.Image:
    pixels = np.random.default_rng(number).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def folder_of_pictures(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        picture(number).save(folder / f"{number:04d}.png")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a build, byte by byte, but for what killed processes left."""
    return {
        path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".tmp"
    }


def twin(model: Model, images: list[torch.Tensor], layers: dict[str, Any], k: int) -> Any:
    """Return layer → channel → [(image, place, value)], by looking at every image alone and sorting everything.

    Args:
        model: the network.
        images: inputs in order.
        layers: name → a function from network and batch to the layer's activation.
        k: how many are kept.
    """
    found = {}
    with torch.no_grad():
        for name, activation_of in layers.items():
            maps = [activation_of(model.network, image[None])[0] for image in images]
            found[name] = [
                sorted(
                    (
                        (number, int(one[channel].argmax()), float(one[channel].max()))
                        for number, one in enumerate(maps)
                    ),
                    key=lambda entry: (-entry[2], entry[0]),
                )[:k]
                for channel in range(len(maps[0]))
            ]
    return found


class Pictures:
    """A data set of pictures; asked for the last that it has time for, it sends its process a signal.

    Args:
        count: how many pictures there are.
        ends_at: the number of the picture that is the last, if any.
        end: the signal.
    """

    def __init__(
        self, count: int, ends_at: int | None = None, end: signal.Signals = signal.SIGKILL
    ) -> None:
        self.count, self.ends_at, self.end = count, ends_at, end

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Image.Image:
        if not 0 <= number < self.count:
            raise IndexError(number)
        if number == self.ends_at:
            os.kill(os.getpid(), self.end)
        return picture(number)


def build_as_worker(out: str, images: Pictures, rank: int, count: int, batch_size: int) -> None:
    """Run in a process of its own: one worker of a build."""
    torch.set_num_threads(1)
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # ignored where tests run behind a shell
    worker = Worker(rank, count)
    build(small_model(), images, out=out, batch_size=batch_size, worker=worker, **SETTINGS)


def build_until_killed_while_writing(out: str, count: int, writes: int) -> None:
    """Run in a process of its own: it kills itself when it has written so many files, before the next is in place."""
    torch.set_num_threads(1)
    durably, written = os.fsync, 0

    def kill_or_write(file: int) -> None:
        nonlocal written
        if written == writes:
            os.kill(os.getpid(), signal.SIGKILL)
        written += 1
        durably(file)

    with mock.patch("os.fsync", kill_or_write):
        built(Path(out), count)


def process(*arguments: Any, run: Callable[..., None] = build_as_worker) -> Any:
    """Return a process that will build; started from one that has torch imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.exemplars.cases"])
    return context.Process(target=run, args=arguments)


def built(out: Path, count: int = 50, **changed: Any) -> Report:
    return build(small_model(), Pictures(count), out=out, **{**SETTINGS, **changed})
