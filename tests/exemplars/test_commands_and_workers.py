"""The command line, alone and under torchrun, the worker that an environment names, and memory that stays flat."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deconvscope.exemplars import Exemplars, Worker, this_worker
from deconvscope.exemplars.command_line import run as run_command

from .cases import contents, folder_of_pictures

MEMORY = """
import resource, sys, tempfile, torch
torch.set_num_threads(1)
from deconvscope import exemplars, models
class Noise:
    def __len__(self): return int(sys.argv[1])
    def __getitem__(self, i): return torch.full((3, 8, 8), float(i)).cos_()
network = torch.nn.Sequential(torch.nn.Conv2d(3, 32, 3), torch.nn.ReLU(), torch.nn.Conv2d(32, 32, 3))
with tempfile.TemporaryDirectory() as out:
    exemplars.build(models.from_module(network, name="n"), Noise(), out=out, k=100, layers=["0", "2"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        check=False,
    )


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "deconvscope", "exemplars", *arguments, **environment)


@pytest.fixture(scope="module")
def by_command(tmp_path_factory):
    """What one process finds with the bundled MobileNetV2."""
    folder = tmp_path_factory.mktemp("commands")
    images = folder_of_pictures(folder / "images", 10)
    (images / "0004.png").write_bytes(b"no picture")
    done = command("build", images, folder / "alone", *OPTIONS)
    assert done.returncode == 0, done.stderr
    return folder, done


OPTIONS = (
    "--model", "mobilenet_v2", "--layers", "features.1", "classifier", "--chunk", "2", "--shard-size", "2",
    "--loaders", "0",
)  # fmt: skip


def test_a_build_says_how_fast_it_is_and_what_was_skipped(by_command):
    _, done = by_command
    assert "10/10" in done.stderr and "image/s" in done.stderr
    assert "1 images were skipped" in done.stdout and "0004.png" in done.stdout


@pytest.mark.lengthy
@pytest.mark.parametrize("processes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_torchrun_shares_the_work_and_merge_finishes_it(by_command, processes):
    folder, _ = by_command
    out = folder / f"shared by {processes}"
    done = python(
        "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m",
        "deconvscope", "exemplars", "build", folder / "images", out, *OPTIONS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (out / "exemplars.safetensors").exists()
    assert "exemplars merge" in done.stdout
    merged = command("merge", out)
    assert merged.returncode == 0 and "0004.png" in merged.stdout, merged.stderr
    assert contents(out) == contents(folder / "alone")


def test_results_are_exported_and_drawn(by_command, tmp_path, capsys):
    folder, _ = by_command
    main("export", folder / "alone", tmp_path / "all.csv")
    main("figure", folder / "alone", "features.1", "3", "5", "--png", tmp_path / "figure.png")
    assert "all.csv" in capsys.readouterr().out
    assert (tmp_path / "figure.png").stat().st_size > 1000
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 1 + 9 * (16 + 1000)
    assert Exemplars.open(folder / "alone").skipped.keys() == {"0004.png"}


def test_mistakes_are_told_in_a_line(tmp_path, capsys):
    assert main("merge", tmp_path) == 1
    assert main("build", tmp_path / "nowhere", tmp_path / "out") == 1
    assert main("build", tmp_path, tmp_path / "out", "--model", "vgg61") == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in told] == [
        "UnfinishedBuildError", "FileNotFoundError", "UnknownModelError",
    ]  # fmt: skip


def test_what_is_not_there_is_told_in_a_line(by_command, tmp_path, capsys):
    folder, _ = by_command
    build_here = ("build", folder / "images", tmp_path / "out", *OPTIONS)
    assert main("figure", folder / "alone", "features.1", "999", "--png", tmp_path / "x.png") == 1
    assert main(*build_here, "--device", "foo") == 1
    assert main(*build_here, "--device", "cuda:99") == 1
    assert main(*build_here, "--worker-count", "2") == 1
    assert main(*build_here, "--worker", "0") == 1
    told = capsys.readouterr().err.splitlines()
    for line, what in zip(
        told,
        (
            "UnknownChannelError: channel 999 of 'features.1.conv.2': it has 16 channels",
            "ValueError: device='foo' is unknown to torch",
            "ValueError: device='cuda:99': torch finds",
            "ValueError: give --worker and --worker-count together",
            "ValueError: give --worker and --worker-count together",
        ),
        strict=True,
    ):
        assert line.startswith(what)
    assert not (tmp_path / "out").exists()


def main(*arguments: str | Path) -> int:
    import argparse

    from deconvscope.exemplars.command_line import add_commands

    parser = argparse.ArgumentParser()
    add_commands(parser)
    return run_command(parser.parse_args([str(argument) for argument in arguments]))


@pytest.mark.parametrize(
    ("environment", "worker"),
    [
        ({}, Worker(0, 1)),
        ({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, Worker(3, 8, 1)),
        (
            {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4", "SLURM_LOCALID": "0"},
            Worker(2, 4, 0),
        ),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, Worker(0, 1)),  # a batch script without srun
        ({"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "6"}, Worker(5, 6)),
        (
            {
                "SLURM_ARRAY_TASK_ID": "12",
                "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_COUNT": "3",
            }
            | {"SLURM_ARRAY_TASK_STEP": "1", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"},
            Worker(5, 6),
        ),
        (
            {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4", "RANK": "0", "WORLD_SIZE": "2"},
            Worker(0, 2),
        ),
    ],
)
def test_the_environment_says_which_worker_a_process_is(environment, worker):
    assert this_worker(environment) == worker


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_workers_have_disjoint_shards_and_leave_none_out(count):
    shards = [shard for rank in range(count) for shard in Worker(rank, count).shards(23)]
    assert sorted(shards) == list(range(23))


def test_a_rank_beyond_the_number_of_workers_is_refused():
    with pytest.raises(ValueError, match="worker 2 of 2"):
        Worker(2, 2)
    with pytest.raises(ValueError, match="worker 6 of 2"):
        this_worker(
            {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "2"}
        )


@pytest.mark.lengthy
def test_memory_is_flat_over_twenty_thousand_images():
    few, many = (int(python("-c", MEMORY, str(count)).stdout) for count in (4096, 20_000))
    assert many - few < 12_000  # kB, of which the names and digests of the images are one
