"""The paper in code: recording a network's forward pass and running it in reverse. Pure torch."""

from . import steps as steps
from .architecture import DECONVNET, DESALINET, EIGHT, SALINET, Architecture
from .coverage import Coverage, CoveredCall
from .errors import InputError, RecordingError, RuleError, StaleRecordingError, UnknownLayerError
from .memory_limit import MemoryLimitError
from .network import ReversedNetwork
from .recording import Layer, ReceptiveField, Recording
from .reversed_pictures import Reversed
from .rules import BackwardRelu, Identity, Mask, MaskedBackwardRelu, RectGrad, ReluRule, SmoothRelu
from .selection import (
    Activations,
    Channel,
    Class,
    Mixture,
    Neuron,
    Noise,
    RandomNeuron,
    Selection,
    Signal,
    Strongest,
)
from .steps import signatures as signatures
from .window import Box

__all__ = [
    "DECONVNET",
    "DESALINET",
    "EIGHT",
    "SALINET",
    "Activations",
    "Architecture",
    "BackwardRelu",
    "Box",
    "Channel",
    "Class",
    "Coverage",
    "CoveredCall",
    "Identity",
    "InputError",
    "Layer",
    "Mask",
    "MaskedBackwardRelu",
    "Mixture",
    "Neuron",
    "Noise",
    "RandomNeuron",
    "ReceptiveField",
    "Recording",
    "RecordingError",
    "RectGrad",
    "ReluRule",
    "Reversed",
    "ReversedNetwork",
    "RuleError",
    "Selection",
    "Signal",
    "SmoothRelu",
    "MemoryLimitError",
    "StaleRecordingError",
    "Strongest",
    "UnknownLayerError",
]
