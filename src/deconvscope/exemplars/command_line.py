"""``python -m deconvscope exemplars build | merge | export | figure``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import torch

from deconvscope.models import UnknownModelError
from deconvscope.reversal import RecordingError, UnknownLayerError

from .building import CHUNK, UNIT, build
from .errors import ChangingNetworkError, UnfinishedBuildError, UnknownChannelError
from .merging import merge
from .opened import Exemplars
from .shares import Share

TOLD = (
    ChangingNetworkError, UnfinishedBuildError, UnknownChannelError, RecordingError, UnknownLayerError,
    UnknownModelError, ModuleNotFoundError, OSError, ValueError,
)  # fmt: skip
"""What a person can do something about: told in a line, without a traceback."""


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Give a parser the subcommands of this room."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("build", help="look at all images; run again to go on")
    one.add_argument("images", type=Path, help="a folder of images")
    one.add_argument("out", type=Path, help="the folder for the results")
    one.add_argument("--model", default="vgg16_trunk", help="a model's name (default: %(default)s)")
    one.add_argument(
        "--layers",
        nargs="+",
        metavar="LAYER",
        help="paths or labels (default: what rectifiers read)",
    )
    one.add_argument("--k", type=int, default=9, help="images a channel (default: %(default)s)")
    one.add_argument("--batch-size", type=int, default=CHUNK, help="images loaded at a time")
    one.add_argument("--chunk", type=int, default=CHUNK, help="images the network sees at once")
    one.add_argument("--unit", type=int, default=UNIT, help="images a part (default: %(default)s)")
    one.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    one.add_argument(
        "--dtype", default="float32", choices=("float32", "float64", "bfloat16", "float16")
    )
    one.add_argument("--workers", type=int, default=_workers(), help="processes that read images")
    one.add_argument("--rank", type=int, help="this process's number, where nothing else tells it")
    one.add_argument("--world-size", type=int, help="how many processes share the work")
    one.set_defaults(run=_build)

    one = commands.add_parser("merge", help="merge the parts when all are there")
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


def _workers() -> int:
    """Return how many processes read images by default: four, or as many as this machine has processors."""
    mine = getattr(os, "sched_getaffinity", None)
    return min(4, len(mine(0)) if mine else os.cpu_count() or 1)


def run(options: argparse.Namespace) -> int:
    """Run the command that was parsed."""
    try:
        options.run(options)
    except TOLD as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "stopped; finished parts are kept, the same command goes on from there", file=sys.stderr
        )
        return 130
    return 0


def _build(options: argparse.Namespace) -> None:
    if (options.rank is None) != (options.world_size is None):
        raise ValueError("give --rank and --world-size together, or neither")
    share = None if options.rank is None else Share(options.rank, options.world_size)
    print(
        build(
            options.model,
            options.images,
            out=options.out,
            layers=options.layers,
            k=options.k,
            batch_size=options.batch_size,
            device=options.device,
            dtype=getattr(torch, options.dtype),
            workers=options.workers,
            chunk=options.chunk,
            unit=options.unit,
            share=share,
        )
    )


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
    figure = Exemplars.open(options.out).figure(
        options.layer, options.channels, options.architecture
    )
    figure.save(options.png)
    print(f"wrote {options.png}")
