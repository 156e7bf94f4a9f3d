"""Files written atomically: to a temporary file, which is synced to disk and then renamed.

A process killed at any moment leaves the old file or the new one, and at worst a ``.tmp`` file that the next run
removes.
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

from .errors import BrokenFileError, WriteError

Arrays = Mapping[str, NDArray[Any]]

_KEY = "deconvscope"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Sealed:
    """The content of a checked file: arrays, and metadata about them."""

    arrays: dict[str, NDArray[Any]]
    about: dict[str, Any]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically.

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
        remedy = "free some space and run" if error.errno in _FULL else "when that is fixed, run"
        raise WriteError(
            error.errno, f"{error.strerror or error}; {remedy} the same again", str(path)
        ) from error


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files that killed processes left beside this file."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def write_sealed(path: Path, arrays: Arrays, about: Mapping[str, Any]) -> None:
    """Write arrays as safetensors with a digest of them; equal content makes equal bytes.

    Raises:
        WriteError: the file could not be written.
    """
    # A single entry, because safetensors writes several in random order
    text = json.dumps({**about, "digest": _digest(arrays, about)}, sort_keys=True)
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_whole(path, save(kept, metadata={_KEY: text}))


def read_sealed(path: Path) -> Sealed:
    """Read a file back and check its digest.

    Raises:
        FileNotFoundError: it does not exist.
        BrokenFileError: it is not what was written.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            about = _about(path, file.metadata())
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise BrokenFileError(f"{path.name} is truncated or broken: {error}") from error
    if about.pop("digest", None) != _digest(arrays, about):
        raise BrokenFileError(f"{path.name} was altered: its digest does not match")
    return Sealed(arrays, about)


def read_about(path: Path) -> dict[str, Any]:
    """Return a file's metadata, reading only its header.

    Raises:
        BrokenFileError: the header cannot be read.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return _about(path, file.metadata())
    except (SafetensorError, OSError) as error:
        raise BrokenFileError(f"{path.name} is truncated or broken: {error}") from error


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes, as manifests have it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _about(path: Path, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    if not metadata or _KEY not in metadata:
        raise BrokenFileError(f"{path.name} was not written by deconvscope")
    about: dict[str, Any] = json.loads(metadata[_KEY])
    return about


def _digest(arrays: Arrays, about: Mapping[str, Any]) -> str:
    content = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        content.update(f"{name}{array.dtype}{array.shape}".encode())
        content.update(array.data)
    return f"sha256:{content.hexdigest()}"
