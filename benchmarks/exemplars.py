"""Measure exemplar builds: throughput against a bare forward pass, state, memory, and the time of nine pictures.

``python benchmarks/exemplars.py [part] [images]``. The bare pass alternates with the build on the same copy of the
network and the same loaded chunks. The original network, without channels-last weights, is printed for comparison.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timing import machine, seconds, table, write_json

import deconvscope as ds
from deconvscope.exemplars.building import ShardBuilder
from deconvscope.exemplars.images import image_source
from deconvscope.exemplars.loading import loaded
from deconvscope.exemplars.manifest import read_manifest
from deconvscope.exemplars.preparation import Settings, prepare
from deconvscope.exemplars.shards import shard_path, write_shard

MEMORY = """
import resource, sys, tempfile, torch
import deconvscope as ds
from deconvscope import models
class Noise:
    def __len__(self): return int(sys.argv[1])
    def __getitem__(self, i): return torch.full((3, 32, 32), float(i % 251)).cos_()
network = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 3), torch.nn.ReLU(), torch.nn.Conv2d(64, 64, 3))
with tempfile.TemporaryDirectory() as out:
    ds.exemplars.build(models.from_module(network, name="n"), Noise(), out=out, k=100)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def photographs(folder: Path, count: int) -> Path:
    """Write random crops of the bundled photographs as JPEG files of ImageNet's size."""
    dice = np.random.default_rng(0)
    sources = [ds.sample_image(name) for name in ("chelsea", "coffee", "astronaut", "rocket")]
    for number in range(count):
        one = sources[number % len(sources)]
        side = int(dice.integers(150, min(one.size)))
        left, top = (int(dice.integers(0, length - side + 1)) for length in one.size)
        crop = one.crop((left, top, left + side, top + side)).resize(
            (500, 375), Image.Resampling.BILINEAR
        )
        crop.save(folder / f"{number:05d}.jpg", quality=90)
    return folder


def in_one_layout(network: torch.nn.Module, images: torch.Tensor) -> None:
    """Run the bare pass in channels-last order, like the copy's weights."""
    network(images.contiguous(memory_format=torch.channels_last))


def throughput(name: str, folder: Path, k: int) -> list[str]:
    """Return a table row: images per second of the bare pass and of the build, and their ratio.

    Both take in the same loaded images, chunk by chunk in turn, so that a machine that is busy with other
    things slows both. The first chunk is left out; the time of writing a shard is divided among
    all images of a shard.
    """
    model = ds.load_model(name)
    source = image_source(folder)
    with tempfile.TemporaryDirectory() as out:
        settings = Settings(k, 32, 2048, torch.device("cpu"), torch.float32)
        work, _ = prepare(model, source, Path(out), None, settings)
        numbers = range(len(source) // 32 * 32)
        builder = ShardBuilder(work, numbers)
        batches = [[*numbers[start : start + 32]] for start in range(0, len(numbers), 32)]
        stream = loaded(source, model.preprocess, work.manifest.shape, batches, 0, False)
        times: list[tuple[float, float, float, float]] = []
        while not builder.complete:
            start = time.perf_counter()
            batch = next(stream)
            loading = time.perf_counter() - start
            with torch.no_grad():
                bare = seconds(partial(in_one_layout, work.network, batch.images))
                original = seconds(partial(model.network, batch.images))
            times.append((loading, bare, seconds(partial(builder.add, batch)), original))
        finishing = (
            seconds(lambda: write_shard(Path(out), work.manifest, 0, builder.shard())) / 2048
        )
    loading, bare, build, original = (
        statistics.median(column) / 32 for column in zip(*times[1:], strict=True)
    )
    build += finishing
    rates = [f"{1 / (loading + one):.1f}" for one in (bare, build, original)]
    return [
        name,
        str(k),
        f"{loading * 1000:.1f}",
        *rates,
        f"{(loading + bare) / (loading + build):.2f}",
        f"{bare / build:.2f}",
    ]


def state(folder: Path) -> list[str]:
    """Return the bytes of a shard, and of the result, for all of VGG-16's channels at k = 100."""
    with tempfile.TemporaryDirectory() as out:
        ds.exemplars.build("vgg16_trunk", folder, out=out, k=100)
        manifest = read_manifest(Path(out))
        shard = shard_path(Path(out), 0).stat().st_size
        channels = sum(layer.channels for layer in manifest.layers)
        merged = (Path(out) / "exemplars.safetensors").stat().st_size
    return [str(channels), f"{shard / 1e6:.2f}", f"{merged / 1e6:.2f}"]


def nine_pictures(folder: Path) -> list[list[str]]:
    """Return the seconds to compute the nine reversed pictures of a channel, by layer."""
    rows = []
    with tempfile.TemporaryDirectory() as out:
        ds.exemplars.build("vgg16_trunk", folder, out=out)
        for layer in ("conv2_2", "conv3_3", "conv4_3", "conv5_3"):
            exemplars = ds.exemplars.Exemplars.open(out)
            exemplars.pictures(layer, 0)  # prepares the weights
            times = []
            for channel in range(1, 8):
                start = time.perf_counter()
                exemplars.pictures(layer, channel)
                times.append(time.perf_counter() - start)
            rows.append([layer, f"{statistics.median(times):.2f}", f"{max(times):.2f}"])
    return rows


def memory(images: int) -> int:
    """Return the peak resident size, in MB, of a process that builds from a number of synthetic images."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(images)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def main(part: str = "all", images: int = 128) -> None:
    """Print and write the tables."""
    results: dict[str, object] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as temporary:
        folder = photographs(Path(temporary), images)
        print(f"{images} photographs of 500×375, {machine()}\n")
        if part in ("all", "throughput"):
            rows = [
                throughput(name, folder, k)
                for name, k in (("vgg16_trunk", 9), ("vgg16_trunk", 100), ("mobilenet_v2", 9))
            ]
            heads = [
                "network",
                "k",
                "loading, ms/image",
                "bare, images/s",
                "build, images/s",
                "original, images/s",
                "ratio",
                "without loading",
            ]
            print(table(heads, rows), "\n")
            results["throughput"] = rows
        if part in ("all", "state"):
            results["state"] = rows = [state(folder)]
            print(table(["channels", "state at k = 100, MB", "result, MB"], rows), "\n")
        if part in ("all", "pictures"):
            results["pictures"] = rows = nine_pictures(folder)
            print(table(["layer", "nine pictures, s", "slowest, s"], rows), "\n")
    if part in ("all", "memory"):
        counts = (2048, 20_000)
        results["memory"] = sizes = [memory(count) for count in counts]
        rows = [[f"{count:,}", str(size)] for count, size in zip(counts, sizes, strict=True)]
        print(table(["synthetic images", "largest resident size, MB"], rows))
    write_json("exemplars", results)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "all", *map(int, sys.argv[2:]))
