"""What can go wrong between a data set and its exemplars, each with the remedy in its message."""

from __future__ import annotations


class NoImagesError(ValueError):
    """There is nothing to look at: an empty folder, or none of its files could be read."""


class DataSetError(ValueError):
    """The data set cannot be used as it is: two images of one name, or another picture at every reading."""


class ChangedBuildError(ValueError):
    """The folder holds the exemplars of another network, data set or setting."""


class UnknownChannelError(IndexError):
    """The layer has fewer channels."""


class UnfinishedBuildError(RuntimeError):
    """Parts are missing, or are not merged yet."""


class BrokenPartError(ValueError):
    """A file of a build is cut short, altered, or belongs to another build."""


class WriteError(OSError):
    """A file could not be written, for instance because the disk is full; what was there before is untouched."""


class ChangingNetworkError(RuntimeError):
    """The network makes other calls for one image than for another, so its layers cannot be told by their order."""
