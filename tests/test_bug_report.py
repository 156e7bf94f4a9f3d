"""What a bug report quotes: short, true, and whole even where something is missing."""

from __future__ import annotations

import dataclasses
import re
from importlib import metadata

import pytest
import torch

import deconvscope as ds
from deconvscope import bug_report
from deconvscope.reversal import Capability, capabilities


def test_it_names_versions_machine_and_paths():
    told = ds.environment()
    assert told.versions["deconvscope"] == ds.__version__
    assert told.versions["torch"] == torch.__version__
    assert told.versions.keys() > {
        "python",
        "torchvision",
        "anywidget",
        "ipywidgets",
        "numpy",
        "pillow",
    }
    assert told.threads == torch.get_num_threads()
    assert told.instruction_set.startswith(torch.backends.cpu.get_cpu_capability())
    assert told.paths["cpu"].keys() == {
        "packed convolution", "bfloat16", "float16", "channels-last order", "float64"
    }  # fmt: skip
    assert told.paths["cpu"]["float64"]


def test_it_prints_in_a_few_short_lines():
    text = str(ds.environment())
    assert text == repr(ds.environment())
    assert len(text.splitlines()) <= 3 + 5 * len(ds.environment().devices)
    assert max(map(len, text.splitlines())) < 200
    for word in ("deconvscope", "torch", "thread", "cpu: ", "float64"):
        assert word in text


def test_what_is_off_is_told_with_its_reason():
    off = {"packed convolution": Capability(False, "oneDNN is off"), "float64": Capability(True)}
    told = dataclasses.replace(ds.environment(), devices={"cpu": ""}, paths={"cpu": off})
    assert str(told).splitlines()[2:] == [
        "cpu: float64",
        "  without packed convolution: oneDNN is off",
    ]
    nothing = dataclasses.replace(told, devices={"mps": "Apple"}, paths={"mps": {}})
    assert str(nothing).splitlines()[2:] == ["mps (Apple): no fast paths"]


def test_a_limit_that_a_person_set_is_told(monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert "ONEDNN_MAX_CPU_ISA=AVX2" in str(ds.environment())


def test_a_torch_that_does_not_name_its_instructions_is_described_too(monkeypatch):
    monkeypatch.delattr(torch.backends.cpu, "get_cpu_capability")
    assert capabilities.instruction_set() == ""
    assert "unknown instructions" in str(ds.environment())


def test_a_package_that_is_missing_is_said_to_be(monkeypatch):
    def none(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(bug_report, "version", none)
    assert "anywidget not installed" in str(ds.environment())


@pytest.mark.parametrize("devices", [0, 2])
def test_every_device_is_described(monkeypatch, devices):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: devices > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: devices)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(bug_report, "_paths", lambda device: {"CUDA graphs": Capability(True)})
    described = re.findall(r"^(cuda:\d) \((GPU \d)\): CUDA graphs$", str(ds.environment()), re.M)
    assert described == [(f"cuda:{i}", f"GPU {i}") for i in range(devices)]
