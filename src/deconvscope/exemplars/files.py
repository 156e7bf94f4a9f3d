"""Files that are there whole or not at all: written beside their place, made durable, then renamed.

A process killed at any moment leaves the file that was there before, or the new one, and at worst a
``.tmp`` file that the next run removes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .errors import BrokenPartError, WriteError

Arrays = Mapping[str, NDArray[Any]]

_KEY = "deconvscope"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Sealed:
    """What a checked file holds: its arrays, and what is written about them."""

    arrays: dict[str, NDArray[Any]]
    about: dict[str, Any]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that no one ever sees a part of it.

    Raises:
        WriteError: it could not be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        remedy = "free some space and run" if error.errno in _FULL else "when that is mended, run"
        raise WriteError(
            error.errno, f"{error.strerror or error}; {remedy} the same again", str(path)
        ) from error


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left of their attempts to write this file."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def write_sealed(path: Path, arrays: Arrays, about: Mapping[str, Any]) -> None:
    """Write arrays as safetensors with a digest over them; the same content makes the same bytes.

    Raises:
        WriteError: it could not be written.
    """
    # One entry only: safetensors writes several in an order of chance
    text = json.dumps({**about, "digest": _digest(arrays, about)}, sort_keys=True)
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_whole(path, save(kept, metadata={_KEY: text}))


def read_sealed(path: Path) -> Sealed:
    """Read a file back and check every byte of it.

    Raises:
        FileNotFoundError: there is none.
        BrokenPartError: it is not what was written.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            about = _about(path, file.metadata())
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise BrokenPartError(f"{path.name} is cut short or broken: {error}") from error
    if about.pop("digest", None) != _digest(arrays, about):
        raise BrokenPartError(f"{path.name} was altered: its digest does not fit")
    return Sealed(arrays, about)


def read_about(path: Path) -> dict[str, Any]:
    """Return what is written about a file's arrays, reading no more than its head.

    Raises:
        BrokenPartError: the head cannot be read.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return _about(path, file.metadata())
    except (SafetensorError, OSError) as error:
        raise BrokenPartError(f"{path.name} is cut short or broken: {error}") from error


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes, as written into manifests."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _about(path: Path, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    if not metadata or _KEY not in metadata:
        raise BrokenPartError(f"{path.name} was not written by deconvscope")
    about: dict[str, Any] = json.loads(metadata[_KEY])
    return about


def _digest(arrays: Arrays, about: Mapping[str, Any]) -> str:
    content = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        content.update(f"{name}{array.dtype}{array.shape}".encode())
        content.update(array.data)
    return f"sha256:{content.hexdigest()}"
