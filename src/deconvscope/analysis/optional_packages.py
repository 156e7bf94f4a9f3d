"""Packages that come with an extra, imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class MissingExtraError(ImportError):
    """An optional package is not installed; the message names the extra that installs it."""


def require(package: str, extra: str) -> Any:
    """Import a package that comes with an extra.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise MissingExtraError(
            f"{package.partition('.')[0]} is not installed: pip install 'deconvscope[{extra}]'"
        ) from error
