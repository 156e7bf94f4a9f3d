"""The images of a data set that excite each channel of a network most, where, and how rare a response is.

Built in one streaming pass that can be stopped, resumed and shared by many machines. Zeiler & Fergus,
*Visualizing and Understanding Convolutional Networks* (ECCV 2014), read features from such images.
"""

from .building import Report, build
from .errors import (
    BrokenPartError,
    ChangedBuildError,
    ChangingNetworkError,
    DataSetError,
    NoImagesError,
    UnfinishedBuildError,
    UnknownChannelError,
    WriteError,
)
from .layer_exemplars import Exemplar, LayerExemplars
from .merging import merge
from .opened import Exemplars
from .shares import Share, share_of

__all__ = [
    "BrokenPartError",
    "ChangedBuildError",
    "ChangingNetworkError",
    "DataSetError",
    "Exemplar",
    "Exemplars",
    "LayerExemplars",
    "NoImagesError",
    "Report",
    "Share",
    "UnfinishedBuildError",
    "UnknownChannelError",
    "WriteError",
    "build",
    "merge",
    "share_of",
]
