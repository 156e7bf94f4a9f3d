"""Explore convolutional networks by running them in reverse: DeConvNet, SaliNet, DeSaliNet and their family.

Mahendran & Vedaldi, *Salient Deconvolutional Networks*, ECCV 2016.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .reversal import (
    DECONVNET,
    DESALINET,
    EIGHT,
    SALINET,
    Activations,
    Architecture,
    AsRectifier,
    Channel,
    Class,
    InputError,
    MemoryLimitError,
    Mixture,
    Neuron,
    Noise,
    RandomNeuron,
    RecordedCall,
    Recording,
    RecordingError,
    RectGrad,
    Reversed,
    ReversedNetwork,
    RuleError,
    Signal,
    SmoothRelu,
    StaleRecordingError,
    Strongest,
    UnknownLayerError,
    register_rule,
    reversed_rule,
)

if TYPE_CHECKING:
    from . import exemplars, experiments
    from .bug_report import environment
    from .explorer import Explorer, PageTooLargeError, write_page
    from .models import (
        Model,
        ModelDownloadError,
        UnknownModelError,
        UnreadableImageError,
        available_models,
        from_module,
        load_model,
        read_image,
        sample_image,
    )

_LATER = {
    "Explorer": "explorer",
    "Model": "models",
    "ModelDownloadError": "models",
    "PageTooLargeError": "explorer",
    "UnknownModelError": "models",
    "UnreadableImageError": "models",
    "available_models": "models",
    "environment": "bug_report",
    "from_module": "models",
    "load_model": "models",
    "read_image": "models",
    "sample_image": "models",
    "write_page": "explorer",
}
"""Public names whose packages are imported on first use, since torchvision and anywidget are slow to import."""

_PACKAGES = {"exemplars", "experiments"}
"""Public sub-packages, imported on first use."""

__version__ = "0.1.0"

__all__ = [
    "DECONVNET",
    "DESALINET",
    "EIGHT",
    "SALINET",
    "Activations",
    "Architecture",
    "AsRectifier",
    "Channel",
    "Class",
    "Explorer",
    "InputError",
    "MemoryLimitError",
    "Mixture",
    "Model",
    "ModelDownloadError",
    "Neuron",
    "Noise",
    "PageTooLargeError",
    "RandomNeuron",
    "RecordedCall",
    "Recording",
    "RecordingError",
    "RectGrad",
    "Reversed",
    "ReversedNetwork",
    "RuleError",
    "Signal",
    "SmoothRelu",
    "StaleRecordingError",
    "Strongest",
    "UnknownLayerError",
    "UnknownModelError",
    "UnreadableImageError",
    "available_models",
    "environment",
    "exemplars",
    "experiments",
    "from_module",
    "load_model",
    "read_image",
    "register_rule",
    "reversed_rule",
    "sample_image",
    "write_page",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        value = getattr(import_module(f".{_LATER[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
