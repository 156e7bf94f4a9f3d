"""A notebook server as a process of its own: on a free local port, with settings and notebooks of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import deconvscope

PATIENCE = 180
"""Seconds until a server must listen."""


class Server:
    """A running process that serves notebooks.

    Args:
        folder: where it keeps everything; its notebooks in `folder / "notebooks"`.
        command: Python's arguments; `{port}` is filled in.
        health: the path that answers once it listens.
        environment: what the process sees beside this one's environment.
    """

    def __init__(
        self, folder: Path, command: Sequence[str], health: str, environment: Mapping[str, str]
    ) -> None:
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        source = Path(deconvscope.__file__).parents[1]
        with (folder / "server.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *(part.format(port=self.port) for part in command)],
                env={
                    **os.environ,
                    **environment,
                    "PYTHONPATH": os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")]),
                    "NO_PROXY": "127.0.0.1,localhost",
                },
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + PATIENCE
        while not _answers(self.address + health):
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                said = (folder / "server.log").read_text()
                raise RuntimeError(f"{command[0]} did not start:\n{said[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server and the kernels it started."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):
            return True
    except (URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
