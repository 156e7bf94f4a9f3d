"""The engine's core draws the same pictures with another processor's instructions, and without what is private.

Instruction sets are chosen when torch is loaded, hence in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deconvscope.reversal import capabilities

pytestmark = pytest.mark.lengthy

ROOT = Path(__file__).resolve().parents[2]
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
SSE41 = {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"}
HAS_AVX2 = capabilities.instruction_set().startswith("AVX")

MACHINES = [
    pytest.param(
        AVX2,
        ["--expect", "AVX2"],
        id="AVX2",
        marks=pytest.mark.skipif(not HAS_AVX2, reason="this processor has no AVX2"),
    ),
    pytest.param(SSE41, ["--expect", "DEFAULT", "NO AVX"], id="SSE4.1"),
    pytest.param({}, ["--without", "onednn"], id="without oneDNN"),
    pytest.param({}, ["--without", "packed"], id="without packed operators"),
]


def check(variables: dict[str, str], arguments: list[str]) -> None:
    command = [sys.executable, "-m", "tests.reversal.processor_check", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.endswith("every picture agrees\n")


@pytest.mark.parametrize(("variables", "arguments"), MACHINES)
def test_small_networks_and_an_explorer(variables, arguments):
    check(variables, arguments)


@pytest.mark.slow
@pytest.mark.parametrize(("variables", "arguments"), MACHINES)
def test_the_bundled_networks_as_well(variables, arguments):
    check(variables, [*arguments, "--long"])
