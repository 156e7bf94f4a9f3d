"""How well photographs were segmented, and the file that keeps it while an evaluation goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Score:
    """How one photograph was segmented: per-pixel accuracy and intersection over union, both from 0 to 1."""

    photograph: str
    method: str
    accuracy: float
    overlap: float


class KeptScores:
    """Scores in a file of JSON lines: the settings first, then one line for each photograph.

    A last line that was cut short, because the machine stopped or the disk was full, is dropped.

    Args:
        file: where they are kept; None to keep nothing.
        settings: what the scores depend on.

    Raises:
        ValueError: the file is of other settings, or holds something else.
    """

    def __init__(self, file: str | Path | None, settings: Mapping[str, Any]) -> None:
        self._file = None if file is None else Path(file)
        self._known: dict[str, list[Score]] = {}
        if self._file is None:
            return
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        *whole, cut_short = text.split("\n")
        first, *lines = whole or [json.dumps(settings)]
        try:
            there = json.loads(first)
            rows = [[Score(**score) for score in json.loads(line)] for line in lines]
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{str(self._file)!r} holds something else than scores ({error}); name another file"
            ) from error
        if there != settings:
            raise ValueError(
                f"{str(self._file)!r} holds scores of other settings: {first}; name another file"
            )
        self._known = {scores[0].photograph: scores for scores in rows}
        if cut_short or not whole:
            self._file.write_text("\n".join([first, *lines, ""]), encoding="utf-8")

    def of(self, photograph: str) -> list[Score] | None:
        """What is known of a photograph."""
        return self._known.get(photograph)

    def add(self, scores: Sequence[Score]) -> None:
        """Write a photograph's scores at once."""
        if self._file is None:
            return
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([asdict(score) for score in scores]) + "\n")
