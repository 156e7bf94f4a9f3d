"""A browser without a screen: a recorded comm, and the other side of an explorer."""

from __future__ import annotations

import time
from typing import Any

from comm.base_comm import BaseComm

import deconvscope as ds

SOON = 60.0
"""Seconds within which anything has happened, however busy the machine is."""


class RecordedComm(BaseComm):
    """A comm that keeps what the kernel sends."""

    def __init__(self, **keywords: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        super().__init__(**keywords)

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
        **keys: Any,
    ) -> None:
        if data and data.get("method") == "update":
            paths = zip(data.get("buffer_paths", ()), buffers or (), strict=True)
            binary = {path[0]: bytes(buffer) for path, buffer in paths if len(path) == 1}
            self.sent.append({**data["state"], **binary})


class Browser:
    """The other side of an explorer: asks, and sees what is sent."""

    def __init__(
        self, explorer: ds.Explorer, comm: RecordedComm, client: str = "browser", **query: Any
    ) -> None:
        self.explorer, self.comm, self.client = explorer, comm, client
        self.seq = 0
        self.query: dict[str, Any] = {
            "model": "small",
            "image": "chelsea",
            "layer": "features.4",
            "neuron": None,
            "architectures": ["FTT", "saliency", "TTT"],
            **query,
        }

    def ask(self, **wanted: Any) -> list[dict[str, Any]]:
        """Send a complete query and return the messages that came back."""
        self.seq += 1
        query = {"client": self.client, "seq": self.seq, **self.query, **wanted}
        return self.send({"_query": query})

    def answer(self, **wanted: Any) -> dict[str, Any]:
        """Send a complete query and return the message that shows its answer, when it has come."""
        self.ask(**wanted)
        return self.wait_for("_view", client=self.client, seq=self.seq)

    def send(self, state: dict[str, Any]) -> list[dict[str, Any]]:
        """Send any state update and return the messages that came back."""
        before = len(self.comm.sent)
        self.explorer._handle_msg({"content": {"data": {"method": "update", "state": state}}})
        return self.comm.sent[before:]

    def wait_for(self, trait: str, **parts: Any) -> dict[str, Any]:
        """Wait for a trait that holds these parts, sent now or before, and return its message."""
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            for message in reversed(self.comm.sent):
                value = message.get(trait)
                if isinstance(value, dict) and value and parts.items() <= value.items():
                    return message
            time.sleep(0.005)
        seen = [list(message) for message in self.comm.sent]
        raise AssertionError(f"{trait} with {parts} was not sent; sent: {seen}")
