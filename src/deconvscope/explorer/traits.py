"""The traits that an explorer shares with its browsers and with Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

from .panels.pins import pinnable

DISPLAYS = ("paper", "signed", "renormalised", "saliency", "magnitude", "overlay")
PUBLIC = ("model_name", "layer", "channel", "y", "x", "architectures", "address")
BROWSER_ASKS = ("_query", "_cancel", "_hover", "_upload", "_upload_info")
BROWSER_SETS = (
    "display", "live", "prefetch", "pins", "layout", "tooltip", "tabbable", "_view_count",
)  # fmt: skip
STATIC = Path(__file__).parent / "static"


def _front_end(name: str, missing: str) -> Path | str:
    path = STATIC / name
    if not path.is_file():
        return missing
    # A path would be watched for changes, for which anywidget keeps every explorer alive for ever
    return path if os.environ.get("ANYWIDGET_HMR") == "1" else path.read_text(encoding="utf-8")


class ExplorerTraits(anywidget.AnyWidget):
    """The traits; `js/src/protocol/protocol.ts` has the same names."""

    _esm = _front_end(
        "widget.js",
        "export default { render({ el }) { el.textContent = "
        "'deconvscope: the front end is not built; run npm install && npm run build in js/'; } };",
    )
    _css = _front_end("widget.css", "/* not built */")

    # What the browser draws, see protocol/responses.py
    _catalog = t.Dict().tag(sync=True)
    _network = t.Dict().tag(sync=True)
    _photograph = t.Bytes().tag(sync=True)
    _atlas_info = t.Dict().tag(sync=True)
    _atlas = t.Bytes().tag(sync=True)
    _map = t.Bytes().tag(sync=True)
    _pictures = t.Bytes().tag(sync=True)
    _view = t.Dict().tag(sync=True)
    _failure = t.Dict().tag(sync=True)
    _progress = t.Dict().tag(sync=True)
    _pins: t.List[Any] = t.List().tag(sync=True)

    # The panels beside it, see panels/requested.py
    _meters = t.Dict().tag(sync=True)
    _random = t.Dict().tag(sync=True)
    _random_pictures = t.Bytes().tag(sync=True)
    _way_back = t.Dict().tag(sync=True)
    _way_back_maps = t.Bytes().tag(sync=True)
    _comparison = t.Dict().tag(sync=True)
    _comparison_pictures = t.Bytes().tag(sync=True)
    _exemplars = t.Dict().tag(sync=True)
    _segmentation = t.Dict().tag(sync=True)
    _segmentation_mask = t.Bytes().tag(sync=True)

    # What the browser asks: answered in `set_state`, never kept
    _query = t.Any({}).tag(sync=True, echo_update=False)
    _cancel = t.Any({}).tag(sync=True, echo_update=False)
    _hover = t.Any({}).tag(sync=True, echo_update=False)
    _upload = t.Any(b"").tag(sync=True, echo_update=False)
    _upload_info = t.Any({}).tag(sync=True, echo_update=False)

    # The number of displays; hosts that count them start at 0
    _view_count = t.Int(0, allow_none=True).tag(sync=True)

    # What both set
    display = t.Enum(DISPLAYS, "paper").tag(sync=True)
    live = t.Bool(False).tag(sync=True)
    prefetch = t.Bool(True).tag(sync=True)
    pins = t.Union([t.Tuple(), t.List()], default_value=()).tag(sync=True)

    # What Python reads and sets
    model_name = t.Unicode()
    layer = t.Unicode()
    channel = t.Int(0)
    y = t.Int(None, allow_none=True)
    x = t.Int(None, allow_none=True)
    architectures = t.Any(())
    address = t.Unicode()


def settable(key: str, value: object) -> bool:
    """Return whether a browser may set a trait to a value; nobody would see a trait's own error."""
    if key == "display":
        return value in DISPLAYS
    if key in ("live", "prefetch"):
        return isinstance(value, bool)
    try:
        return key != "pins" or pinnable(value) is not None
    except (TypeError, ValueError):
        return False
