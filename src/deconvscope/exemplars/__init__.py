"""The images of a data set that excite each channel of a network most, where, and how rare a response is.

A build is one streaming pass that can be stopped, resumed and shared by many machines. Zeiler & Fergus,
*Visualizing and Understanding Convolutional Networks* (ECCV 2014), interpret features by such images.
"""

from .building import Report, build
from .errors import (
    BrokenFileError,
    ChangedBuildError,
    ChangingNetworkError,
    DataSetError,
    NoImagesError,
    UnfinishedBuildError,
    UnknownChannelError,
    WriteError,
)
from .reader import Exemplar, Exemplars, LayerExemplars
from .shards import merge
from .workers import Worker, this_worker

__all__ = [
    "BrokenFileError",
    "ChangedBuildError",
    "ChangingNetworkError",
    "DataSetError",
    "Exemplar",
    "Exemplars",
    "LayerExemplars",
    "NoImagesError",
    "Report",
    "UnfinishedBuildError",
    "UnknownChannelError",
    "Worker",
    "WriteError",
    "build",
    "merge",
    "this_worker",
]
