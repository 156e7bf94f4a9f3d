"""``python -m deconvscope exemplars build | merge | export | figure``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import torch

from ..models import UnknownModelError
from ..reversal import RecordingError, UnknownLayerError
from .building import CHUNK, SHARD_SIZE, build
from .errors import ChangingNetworkError, UnfinishedBuildError, UnknownChannelError
from .reader import Exemplars
from .shards import merge
from .workers import Worker

WITHOUT_TRACEBACK = (
    ChangingNetworkError, UnfinishedBuildError, UnknownChannelError, RecordingError, UnknownLayerError,
    UnknownModelError, ModuleNotFoundError, OSError, ValueError,
)  # fmt: skip
"""Errors that a user can fix, printed as one line."""


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands to a parser."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("build", help="look at all images; run again to resume")
    add = one.add_argument
    add("images", type=Path, help="a folder of images")
    add("out", type=Path, help="the folder for the results")
    add("--model", default="vgg16_trunk", help="a model's name (default: %(default)s)")
    add(
        "--layers", nargs="+", metavar="LAYER", help="names or labels (default: rectifiers' inputs)"
    )
    add("--k", type=int, default=9, help="images per channel (default: %(default)s)")
    add("--batch-size", type=int, default=CHUNK, help="images loaded at a time")
    add("--chunk", type=int, default=CHUNK, help="images the network sees at once")
    add(
        "--shard-size", type=int, default=SHARD_SIZE, help="images per shard (default: %(default)s)"
    )
    add("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    add("--dtype", default="float32", choices=("float32", "float64", "bfloat16", "float16"))
    add("--loaders", type=int, default=_loaders(), help="processes that load images")
    add("--worker", type=int, help="this worker's number, from 0, if the environment has none")
    add("--worker-count", type=int, help="the number of workers that share the build")
    one.set_defaults(run=_build)

    one = commands.add_parser("merge", help="merge the shards when all are done")
    one.add_argument("out", type=Path)
    one.set_defaults(run=_merge)

    one = commands.add_parser("export", help="write the result as a table")
    one.add_argument("out", type=Path)
    one.add_argument("table", type=Path, help="a .csv or .parquet file")
    one.set_defaults(run=_export)

    one = commands.add_parser("figure", help="draw channels with their reversed pictures")
    one.add_argument("out", type=Path)
    one.add_argument("layer")
    one.add_argument("channels", type=int, nargs="+")
    one.add_argument("--architecture", default="DeConvNet")
    one.add_argument("--png", type=Path, default=Path("exemplars.png"))
    one.set_defaults(run=_figure)


def run(options: argparse.Namespace) -> int:
    """Run the command that was parsed; return the exit status."""
    try:
        options.run(options)
    except WITHOUT_TRACEBACK as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; finished shards are kept, the same command resumes", file=sys.stderr)
        return 130
    return 0


def _loaders() -> int:
    """Return the default number of loaders: four, or the number of processors if that is smaller."""
    mine = getattr(os, "sched_getaffinity", None)
    return min(4, len(mine(0)) if mine else os.cpu_count() or 1)


def _build(options: argparse.Namespace) -> None:
    if (options.worker is None) != (options.worker_count is None):
        raise ValueError("give --worker and --worker-count together, or neither")
    report = build(
        options.model,
        options.images,
        out=options.out,
        layers=options.layers,
        k=options.k,
        batch_size=options.batch_size,
        device=options.device,
        dtype=getattr(torch, options.dtype),
        loaders=options.loaders,
        chunk=options.chunk,
        shard_size=options.shard_size,
        worker=None if options.worker is None else Worker(options.worker, options.worker_count),
    )
    print(report)


def _merge(options: argparse.Namespace) -> None:
    print(f"merged into {merge(options.out)}")
    opened = Exemplars.open(options.out)
    print(opened)
    for title, found in (("skipped", opened.skipped), ("repeated another", opened.duplicates)):
        if found:
            print(f"{len(found)} images {title}:")
            print("\n".join(f"  {name}: {why}" for name, why in found.items()))


def _export(options: argparse.Namespace) -> None:
    print(f"wrote {Exemplars.open(options.out).export(options.table)}")


def _figure(options: argparse.Namespace) -> None:
    opened = Exemplars.open(options.out)
    opened.figure(options.layer, options.channels, options.architecture).save(options.png)
    print(f"wrote {options.png}")
