"""Information for a bug report: versions, the machine, and the engine's fast paths in use on it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import torch

from .reversal import Capability, capabilities

PACKAGES = ("torchvision", "anywidget", "ipywidgets", "numpy", "pillow")

_LIMITS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")
"""Environment variables that limit the processor instructions torch uses."""


@dataclass(frozen=True)
class Environment:
    """Versions, machine and fast paths; prints as a few lines.

    Attributes:
        versions: of deconvscope, Python and the packages it needs, or "not installed".
        system: operating system and processor architecture.
        instruction_set: the vector instructions that torch uses, such as ``"AVX2"``, and the variables that limit them.
        threads: the number of torch's threads.
        devices: device → name, empty for the CPU.
        paths: device → fast path → whether it is on, with the reason if it is off.
    """

    versions: Mapping[str, str]
    system: str
    instruction_set: str
    threads: int
    devices: Mapping[str, str]
    paths: Mapping[str, Mapping[str, Capability]]

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        lines = [
            ", ".join(f"{name} {number}" for name, number in self.versions.items()),
            f"{self.system}, {self.instruction_set}, {threads}",
        ]
        for device, name in self.devices.items():
            on = [path for path, can in self.paths[device].items() if can]
            lines.append(f"{device}{name and f' ({name})'}: {', '.join(on) or 'no fast paths'}")
            lines += [
                f"  without {path}: {can.reason}"
                for path, can in self.paths[device].items()
                if not can
            ]
        return "\n".join(lines)

    __repr__ = __str__


def environment() -> Environment:
    """Return versions, machine and the engine's fast paths on it, for a bug report.

    Fast paths that were not used before are tried on a few values.

    Example:
        >>> print(environment())   # doctest: +SKIP
        deconvscope 0.1.0, python 3.12.4, torch 2.9.0, torchvision 0.24.0, …
        Linux x86_64, AVX2, 2 threads
        cpu: packed convolution, channels-last order, float64
          without bfloat16: mkldnn_reorder_conv2d_weight: bf16 path needs the cpu support …
    """
    from . import __version__

    devices = _devices()
    limits = [f"{name}={os.environ[name]}" for name in _LIMITS if name in os.environ]
    return Environment(
        versions={
            "deconvscope": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            **{name: _version(name) for name in PACKAGES},
        },
        system=f"{platform.system()} {platform.machine()}",
        instruction_set=", ".join(
            [capabilities.instruction_set() or "unknown instructions", *limits]
        ),
        threads=torch.get_num_threads(),
        devices=devices,
        paths={name: _paths(torch.device(name)) for name in devices},
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _devices() -> dict[str, str]:
    devices = {"cpu": ""}
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        devices |= {f"cuda:{i}": torch.cuda.get_device_name(i) for i in range(count)}
    if torch.backends.mps.is_available():
        devices["mps"] = "Apple"
    return devices


def _paths(device: torch.device) -> dict[str, Capability]:
    own = (
        {"packed convolution": capabilities.packed_convolution(torch.float32)}
        if device.type == "cpu"
        else {}
    )
    cuda = (
        {"CUDA graphs": capabilities.cuda_graphs(device), "TF32": capabilities.tf32(device)}
        if device.type == "cuda"
        else {}
    )
    return {
        **own,
        "bfloat16": capabilities.reduced_arithmetic(torch.bfloat16, device),
        "float16": capabilities.reduced_arithmetic(torch.float16, device),
        "channels-last order": capabilities.channels_last(torch.float32, device),
        "float64": capabilities.double_precision(device),
        **cuda,
    }
