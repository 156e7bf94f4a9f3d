"""The click benchmark runs from one command for several instruction sets, and says which each table is for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def click(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "click.py"), *arguments]
    return subprocess.run(
        command,
        env={**os.environ, "BENCHMARK_RESULTS": str(folder)},
        capture_output=True,
        text=True,
    )


def test_one_command_gives_the_tables_of_two_instruction_sets(tmp_path):
    tiny = ("1", "--layers", "conv2_2", "--size", "32")
    done = click(tmp_path, *tiny, "--instruction-sets", "native,sse41")
    assert done.returncode == 0, done.stderr
    native, held = done.stdout.split("## native")[1].split("## sse41")
    for text in (native, held):
        assert "| VGG-16  | conv2_2 |" in text and "CPU thread" in text
    assert "DEFAULT, ATEN_CPU_CAPABILITY=default, ONEDNN_MAX_CPU_ISA=SSE41" in held
    for name in ("click", "click_sse41"):
        written = json.loads((tmp_path / f"{name}.json").read_text())
        assert written["size"] == 32 and "deconvscope" in written["environment"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--instruction-sets", "avx3"), "native, avx2, sse41, got avx3"),
        (("--layers", "conv9"), "conv2_2, conv3_3, conv4_3, conv5_3, pool5, got conv9"),
    ],
)
def test_a_name_that_is_unknown_is_refused_with_those_that_there_are(tmp_path, arguments, told):
    done = click(tmp_path, *arguments)
    assert done.returncode and told in done.stderr
