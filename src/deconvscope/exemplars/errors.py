"""Errors of builds and of their results, each with the remedy in its message."""

from __future__ import annotations


class NoImagesError(ValueError):
    """The folder is empty, or none of the images can be read."""


class DataSetError(ValueError):
    """The data set cannot be used: two images have one name, or the preprocessing is random."""


class ChangedBuildError(ValueError):
    """The folder holds the exemplars of another network, data set or setting."""


class UnknownChannelError(IndexError):
    """The layer has fewer channels."""


class UnfinishedBuildError(RuntimeError):
    """Shards are missing, or are not merged yet."""


class BrokenFileError(ValueError):
    """A file of a build is truncated, altered, or belongs to another build."""


class WriteError(OSError):
    """A file could not be written, for instance because the disk is full; the previous file is intact."""


class ChangingNetworkError(RuntimeError):
    """The network makes different calls for different images, so its layers cannot be found by their order."""
