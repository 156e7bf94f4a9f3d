"""Measure medians of alternating runs and the machine's matrix-product rate, and print tables."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import deconvscope as ds

INSTRUCTION_SETS: dict[str, dict[str, str]] = {
    "native": {},
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "sse41": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
}
"""Name → environment variables that restrict torch to it."""
NAME = "BENCHMARK_INSTRUCTION_SET"


def seconds(run: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def medians(runs: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Return each call's median over rounds that call all of them, after one warm-up round."""
    for run in runs:
        run()
    times = [[seconds(run) for run in runs] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def medians_of_bursts(
    runs: Sequence[Callable[[], Any]], rounds: int, burst: float = 0.05
) -> list[float]:
    """Return the same for calls too short to time alone: each round repeats a call for `burst` seconds."""
    for run in runs:
        run()
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, times in zip(runs, found, strict=True):
            repeated = [seconds(run)]
            while sum(repeated) < burst:
                repeated.append(seconds(run))
            times.append(statistics.median(repeated))
    return [statistics.median(times) for times in found]


def matrix_product_rate() -> float:
    """Return the float32 operations per second of a large matrix product, the best of several runs."""
    a = torch.randn(2048, 2048)
    b = torch.randn(2048, 2048)
    return 2 * 2048**3 / min(seconds(lambda: a @ b) for _ in range(12))


def packed_product_rate() -> float:
    """Return the same for the packed product of PyTorch's compiler at its fastest shape, if torch has it."""
    rates = []
    if not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return matrix_product_rate()
    for size, rows in ((256, 8192), (512, 512), (512, 4096)):
        a = torch.randn(rows, size)
        packed = torch.ops.mkldnn._reorder_linear_weight(torch.randn(size, size), rows)

        def product(a: torch.Tensor = a, packed: torch.Tensor = packed) -> object:
            return torch.ops.mkldnn._linear_pointwise(a, packed, None, "none", [], "")

        with torch.no_grad():
            rates.append(2 * rows * size**2 / min(seconds(product) for _ in range(40)))
    return max(rates)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (heads, *rows)
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def machine() -> str:
    """Return a short description of the machine as this process uses it."""
    found = ds.environment()
    return (
        f"{found.instruction_set}, {found.threads} CPU thread{'s' if found.threads > 1 else ''}, "
        f"torch {torch.__version__.split('+')[0]}, float32"
    )


def with_instructions(names: Sequence[str], script: str, arguments: Sequence[str]) -> None:
    """Run a benchmark once per instruction set, each in a new process, since torch selects it when loaded.

    Args:
        names: keys of `INSTRUCTION_SETS`.
        script: the benchmark's file.
        arguments: its command-line arguments.

    Raises:
        SystemExit: a process failed, or a name is unknown.
    """
    unknown = [name for name in names if name not in INSTRUCTION_SETS]
    if unknown:
        known = ", ".join(INSTRUCTION_SETS)
        raise SystemExit(f"instruction sets must be among {known}, got {', '.join(unknown)}")
    for name in names:
        print(f"\n## {name}\n", flush=True)
        variables = {**os.environ, **INSTRUCTION_SETS[name], NAME: name}
        done = subprocess.run([sys.executable, script, *arguments], env=variables)
        if done.returncode:
            raise SystemExit(done.returncode)


def write_json(name: str, content: object) -> None:
    """Write a result to results/, which git ignores, or to $BENCHMARK_RESULTS."""
    folder = Path(os.environ.get("BENCHMARK_RESULTS", Path(__file__).parent / "results"))
    folder.mkdir(exist_ok=True)
    instructions = os.environ.get(NAME, "native")
    ending = "" if instructions == "native" else f"_{instructions}"
    (folder / f"{name}{ending}.json").write_text(json.dumps(content, indent=1))
