"""Remedies of `exemplars`: data sets, builds and their files, the command line."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from deconvscope import __main__ as commands
from deconvscope.exemplars import Exemplars, Worker, build, merge
from deconvscope.exemplars.histogram import added
from deconvscope.models import from_module

from ..exemplars.cases import SETTINGS, folder_of_pictures, picture, small_model
from .remedy import hear, refused, remedies
from .test_of_experiments import EXTRAS, extra_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_pictures(tmp_path_factory.mktemp("data") / "my pictures", 20)


def main(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command that a message prints, `python -m deconvscope …`, in this process."""
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "deconvscope"]
    monkeypatch.setattr(sys, "argv", words[2:])
    return commands.main()


@remedies("give a folder, a list of files, a mapping name → picture, or a map-style data set")
def test_images_of_no_usable_kind(folder: Path, tmp_path: Path) -> None:
    with refused(TypeError):
        build(small_model(), 3, out=tmp_path / "out", **SETTINGS)
    files = sorted(folder.iterdir())[:8]
    for number, right in enumerate(
        (folder, files, {file.name: file for file in files}, [Image.open(file) for file in files])
    ):
        assert build(small_model(), right, out=tmp_path / str(number), **SETTINGS).merged


@remedies("are named ", ": give each once")
def test_two_images_of_one_name(folder: Path, tmp_path: Path) -> None:
    files = sorted(folder.iterdir())[:8]
    with refused(ValueError):
        build(small_model(), [*files, files[0]], out=tmp_path, **SETTINGS)
    assert build(small_model(), files, out=tmp_path, **SETTINGS).merged


@remedies("; put it back and run the same again")
def test_data_set_that_shrinks(tmp_path: Path) -> None:
    class Shrinking:
        def __init__(self) -> None:
            self.gone = True

        def __len__(self) -> int:
            return 20

        def __getitem__(self, number: int) -> Image.Image:
            if number == 17 and self.gone:
                raise IndexError("list index out of range")
            return picture(number)

    images = Shrinking()
    with refused(ValueError):
        build(small_model(), images, out=tmp_path, **SETTINGS)
    images.gone = False
    assert build(small_model(), images, out=tmp_path, **SETTINGS).merged


@remedies("Give another out=, or the same model, images and settings")
def test_folder_of_another_build(folder: Path, tmp_path: Path) -> None:
    build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    with refused(ValueError):
        build(small_model(1), folder, out=tmp_path / "out", **SETTINGS)
    assert build(small_model(1), folder, out=tmp_path / "another", **SETTINGS).merged
    assert build(small_model(), folder, out=tmp_path / "out", **SETTINGS).merged


@remedies("; give one without augmentation")
def test_random_preprocessing(folder: Path, tmp_path: Path) -> None:
    still = small_model()
    noisy = from_module(
        still.network,
        preprocess=lambda image: still.preprocess(image) + torch.rand(1),
        name="small",
    )
    with refused(ValueError):
        build(noisy, folder, out=tmp_path, **SETTINGS)
    assert build(still, folder, out=tmp_path, **SETTINGS).merged


@remedies(
    "holds no exemplars: build them first, with deconvscope.exemplars.build or ",
    "python -m deconvscope exemplars build",
)
def test_folder_without_a_build(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused(RuntimeError) as refusal:
        Exemplars.open(tmp_path)
    made = refusal.run("deconvscope.exemplars.build", until=" or ")
    assert made(small_model(), folder, out=tmp_path / "one", **SETTINGS).merged
    command = refusal.message[refusal.message.index("python -m") :]
    monkeypatch.setattr("deconvscope.exemplars.building.as_model", lambda name: small_model())
    files = f"{shlex.quote(str(folder))} {shlex.quote(str(tmp_path / 'two'))}"
    assert main(f"{command} {files} --k 3 --chunk 4 --shard-size 16 --loaders 0", monkeypatch) == 0
    assert Exemplars.open(tmp_path / "two").names


@remedies(
    "when all shards are done: python -m deconvscope exemplars merge ",
    "is not merged yet: python -m deconvscope exemplars merge ",
    "shards are missing (",
    "): run build again with the same arguments",
)
def test_build_of_which_a_shard_is_missing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "my results"
    first = build(small_model(), folder, out=out, worker=Worker(0, 2), **SETTINGS)
    hear(str(first))
    with refused(RuntimeError) as refusal:
        Exemplars.open(out)
    command = refusal.message[refusal.message.index("python -m") :]
    assert str(first).endswith(command)
    with refused(RuntimeError):
        merge(out)
    build(small_model(), folder, out=out, worker=Worker(1, 2), **SETTINGS)
    assert main(command, monkeypatch) == 0
    assert Exemplars.open(out).names


@remedies(
    ": run build again with the same arguments, which computes that shard again",
    "is of another build than its manifest: python -m deconvscope exemplars merge ",
)
def test_build_with_a_broken_shard(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, other = tmp_path / "my results", tmp_path / "other"
    build(small_model(), folder, out=out, **SETTINGS)
    build(small_model(1), folder, out=other, **SETTINGS)
    merged = next(out.glob("exemplars.safetensors"))
    whole = merged.read_bytes()
    merged.write_bytes((other / merged.name).read_bytes())
    with refused(ValueError) as refusal:
        Exemplars.open(out)
    assert main(refusal.message[refusal.message.index("python -m") :], monkeypatch) == 0
    assert merged.read_bytes() == whole
    shard = sorted(out.glob("*shard*"))[0]
    shard.write_bytes(shard.read_bytes()[:-20])
    with refused(RuntimeError):
        merge(out)
    build(small_model(), folder, out=out, **SETTINGS)
    assert merge(out).read_bytes() == whole


@remedies("deconvscope.exemplars.Exemplars.open(")
@pytest.mark.parametrize("missing", ["model", "images"])
def test_build_of_what_no_file_keeps(missing: str, tmp_path: Path) -> None:
    images = {str(number): picture(number) for number in range(8)}
    build(small_model(), images, out=tmp_path / "my results", **SETTINGS)
    given: dict[str, Any] = {"model": small_model(), "images": images}
    opened = Exemplars.open(
        tmp_path / "my results", **{name: one for name, one in given.items() if name != missing}
    )
    with refused(ValueError) as refusal:
        opened.pictures("first", 0)
    again = refusal.run("deconvscope.exemplars.Exemplars.open(", **given)
    assert len(again.names) == 8


@remedies("give the data set that they were built from")
def test_other_images_of_the_same_names(tmp_path: Path) -> None:
    images = {str(number): picture(number) for number in range(8)}
    build(small_model(), images, out=tmp_path, **SETTINGS)
    others = {name: picture(99) for name in images}
    with refused(ValueError):
        Exemplars.open(tmp_path, model=small_model(), images=others).pictures("first", 0)
    opened = Exemplars.open(tmp_path, model=small_model(), images=images)
    assert opened.pictures("first", 0)


@remedies("a Parquet table needs pyarrow: pip install 'deconvscope[tables]', or write .csv")
def test_parquet_without_pyarrow(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(small_model(), folder, out=tmp_path / "out", **SETTINGS)
    opened = Exemplars.open(tmp_path / "out", model=small_model())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with refused(ImportError) as refusal:
        opened.export(tmp_path / "table.parquet")
    lines = EXTRAS.read_text(encoding="utf-8").splitlines()
    extra = extra_of(refusal.message)
    assert any(line.startswith(f"{extra} = [") and "pyarrow" in line for line in lines)
    assert opened.export(tmp_path / "table.csv").stat().st_size > 100


@remedies(
    "give the worker's number and the number of workers together",
    "give --worker and --worker-count together, or neither",
)
def test_worker_without_a_count(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with refused(ValueError):
        Worker(1, 1)
    assert Worker(1, 2).shards(4) == [1, 3]
    monkeypatch.setattr("deconvscope.exemplars.building.as_model", lambda name: small_model())
    files = f"{shlex.quote(str(folder))} {shlex.quote(str(tmp_path))}"
    command = (
        f"python -m deconvscope exemplars build {files} --k 3 --chunk 4 --shard-size 16 --loaders 0"
    )
    assert main(f"{command} --worker 0", monkeypatch) == 1
    hear(capsys.readouterr().err)
    assert main(f"{command} --worker 0 --worker-count 1", monkeypatch) == 0


@remedies("CUDA devices here; try 'cpu'", "is unknown to torch; use auto, cpu, cuda, cuda:1 …")
def test_device_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    for wrong in ("cuda:99", "gpu"):
        with refused(ValueError):
            build(small_model(), folder, out=tmp_path, device=wrong, **SETTINGS)
    for right in ("cpu", "auto"):
        assert build(small_model(), folder, out=tmp_path, device=right, **SETTINGS).merged


@remedies(
    "so that no chunk lies in two shards",
    "must be a floating-point type",
    "share must be from 0 to 1, got ",
    "more than 2³² responses of one bin: build from fewer images",
)
def test_numbers_out_of_range(folder: Path, tmp_path: Path) -> None:
    with refused(ValueError):
        build(small_model(), folder, out=tmp_path, k=3, chunk=4, shard_size=10)
    with refused(ValueError):
        build(small_model(), folder, out=tmp_path, k=3, chunk=4, shard_size=8, dtype=torch.int32)
    report = build(
        small_model(), folder, out=tmp_path, k=3, chunk=4, shard_size=8, dtype=torch.float32
    )
    assert report.merged
    layer = Exemplars.open(tmp_path, model=small_model())["first"]
    with refused(ValueError):
        layer.quantile(0, 1.5)
    assert np.isfinite(layer.quantile(0, 0.5))
    many, few = np.full(4, 2**32 - 1, np.uint32), np.full(4, 3, np.uint32)
    with refused(OverflowError):
        added(many, few)
    assert added(few, few).tolist() == [6] * 4


@remedies("free some space and run", "the same again")
def test_full_disk(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with refused(OSError):
            build(small_model(), folder, out=tmp_path, **SETTINGS)
    assert build(small_model(), folder, out=tmp_path, **SETTINGS).merged
