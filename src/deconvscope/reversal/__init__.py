"""The paper in code: recording a network's forward pass and running it in reverse. Pure torch."""

from . import steps as steps
from .architecture import DECONVNET, DESALINET, EIGHT, SALINET, Architecture, as_architectures
from .coverage import Coverage, CoveredCall
from .errors import (
    InputError,
    RecordingError,
    RuleError,
    StaleRecordingError,
    UnknownLayerError,
    near_matches,
)
from .forward.graph import ReceptiveField
from .network import ReversedNetwork
from .recording import Asked, Layer, Recording
from .registered_rules import (
    AsRectifier,
    RecordedCall,
    Registration,
    register_rule,
    reversed_rule,
)
from .reversed import Reversed
from .rules import (
    BackwardRelu,
    Identity,
    LrnRule,
    Mask,
    MaskedBackwardRelu,
    RectGrad,
    ReluRule,
    SmoothRelu,
)
from .runtime import capabilities as capabilities
from .runtime.capabilities import Capability
from .runtime.memory_limit import MemoryLimitError
from .runtime.torch_internals import write_mark
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
from .signals.window import Box, as_map
from .steps.rectifier import Clamp, Rectifier, Relu

__all__ = [
    "Activations",
    "Architecture",
    "AsRectifier",
    "Asked",
    "BackwardRelu",
    "Box",
    "Capability",
    "Channel",
    "Clamp",
    "Class",
    "Coverage",
    "CoveredCall",
    "DECONVNET",
    "DESALINET",
    "EIGHT",
    "Identity",
    "InputError",
    "Layer",
    "LrnRule",
    "Mask",
    "MaskedBackwardRelu",
    "MemoryLimitError",
    "Mixture",
    "Neuron",
    "Noise",
    "RandomNeuron",
    "ReceptiveField",
    "RecordedCall",
    "Recording",
    "RecordingError",
    "RectGrad",
    "Rectifier",
    "Registration",
    "Relu",
    "ReluRule",
    "Reversed",
    "ReversedNetwork",
    "RuleError",
    "SALINET",
    "Selection",
    "Signal",
    "SmoothRelu",
    "StaleRecordingError",
    "Strongest",
    "UnknownLayerError",
    "as_architectures",
    "as_map",
    "capabilities",
    "near_matches",
    "register_rule",
    "reversed_rule",
    "write_mark",
]
