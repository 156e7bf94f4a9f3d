"""Pictures that were opened, dropped or pasted in the browser, read when they are first shown."""

from __future__ import annotations

import io

from PIL import Image

from deconvscope.models import ReadPicture, UnreadableImageError, read_picture

from ..cache import Cache

PREFIX = "upload:"
LARGEST_FILE = 8 << 20
"""Bytes; the browser sends much less."""
MOST_PIXELS = 40_000_000
WAITING_KEPT = 4
LONGEST_NAME = 80


class Uploads:
    """The files that came last, by the id that their browser gave them."""

    def __init__(self) -> None:
        self._files: Cache[str, tuple[str, bytes]] = Cache(WAITING_KEPT)

    def take(self, info: object, file: object) -> None:
        """Keep a file as it came. What is not a file is ignored: the query that asks for it reports it missing."""
        if not isinstance(info, dict) or not isinstance(file, bytes | bytearray | memoryview):
            return
        number, name = info.get("id"), info.get("name")
        if not isinstance(number, str) or not 0 < len(number) <= LONGEST_NAME:
            return
        size = memoryview(file).nbytes
        if size == 0 and number in self._files:
            return  # the browser drops a file once it is sent, and messages merge
        if size > LARGEST_FILE:
            file = b""
        title = name.strip()[:LONGEST_NAME] if isinstance(name, str) else ""
        self._files.keep(number, (title or "your picture", bytes(file)))

    def read(self, name: str) -> tuple[str, ReadPicture]:
        """Return the label of an upload ("upload:" and the id), and the picture with how it was read.

        Raises:
            UnreadableImageError: it did not arrive, is not a picture, is broken, or too large.
        """
        found = self._files.get(name.removeprefix(PREFIX))
        if found is None:
            raise UnreadableImageError("the picture did not arrive: open it again")
        title, file = found
        if not file:
            raise UnreadableImageError(
                f"{title}: empty, or larger than {LARGEST_FILE >> 20} MB; scale it down first"
            )
        try:
            _require_moderate(file)
            return title, read_picture(file)
        except UnreadableImageError as error:
            raise UnreadableImageError(f"{title}: {_reason(error)}") from error

    def clear(self) -> None:
        """Drop every file."""
        self._files.clear()


def _require_moderate(file: bytes) -> None:
    """Check a picture's size before its pixels are unpacked."""
    try:
        with Image.open(io.BytesIO(file)) as picture:
            width, height = picture.size
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(f"too large; scale it down first ({error})") from error
    except Exception:  # reading it reports whatever else is wrong
        return
    if width * height > MOST_PIXELS:
        raise UnreadableImageError(
            f"too large, {width}×{height}: scale it to {MOST_PIXELS // 1_000_000} million pixels or less"
        )


def _reason(error: UnreadableImageError) -> str:
    """Return the message without the reader's name for the file: "these 1234 bytes: broken" → "broken"."""
    name, colon, reason = str(error).partition(": ")
    return reason if colon and name.startswith("these ") else str(error)
