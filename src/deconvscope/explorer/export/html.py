"""An exported page as text: one file that fetches nothing, whatever names its networks and images carry."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[1] / "static"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="deconvscope {version}">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<noscript>This page draws its pictures with JavaScript, which is switched off here.</noscript>
{heading}"""

_POLICY = (
    "default-src 'none'; script-src '{digest}'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def opening(title: str, heading: str, version: str) -> str:
    """Return the page up to its first exhibit; `title` names the window, `heading` stands above all.

    Its policy lets no request leave and no script run but the page's own.

    Raises:
        RuntimeError: the front end is not built.
    """
    digest = base64.b64encode(hashlib.sha256(_front_end("page.js").encode()).digest()).decode()
    return _PAGE.format(
        policy=_POLICY.format(digest=f"sha256-{digest}"),
        version=html.escape(version),
        title=html.escape(title),
        heading=f"<h1>{html.escape(heading)}</h1>\n" if heading else "",
        style=_front_end("widget.css") + _front_end("page.css"),
    )


def exhibit(number: int, head: Mapping[str, Any], title: str, text: str, note: str) -> str:
    """Return the place of one explorer, and its `head`: the traits it opens with."""
    heading = f"<h2>{html.escape(title)}</h2>\n" if title else ""
    paragraph = f"<p>{html.escape(text)}</p>\n" if text else ""
    return (
        f'<section class="dcp-exhibit">\n{heading}{paragraph}'
        f'<div class="dcp-explorer" data-exhibit="{number}"></div>\n'
        f'<p class="dcp-note">{html.escape(note)}</p>\n</section>\n'
        + _data(f"dcp-head-{number}", as_json(head))
    )


def block(
    exhibit: int, layer: int, channel: int, activation_map: str, neurons: Iterable[str]
) -> str:
    """Return what is read when a channel is first clicked: its map, and its neurons' JSON texts."""
    content = f'{{"map":"{activation_map}","neurons":[{",".join(neurons)}]}}'
    return _data(f"dcp-{exhibit}-{layer}-{channel}", content)


def script() -> str:
    """Return the page's code; what is before it is there when it begins."""
    return f"<script>{_front_end('page.js')}</script>\n"


def closing() -> str:
    """Return the end of the page."""
    return "</body>\n</html>\n"


def as_json(value: Any) -> str:
    """Return JSON that is safe inside a script element: without a `<` it cannot end early."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def packed(content: bytes) -> str:
    """Return bytes as deflated base64."""
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _data(name: str, content: str) -> str:
    return f'<script type="application/json" id="{name}">{content}</script>\n'


def _front_end(name: str) -> str:
    path = STATIC / name
    if not path.is_file():
        raise RuntimeError(
            f"the front end is not built ({name} is missing): npm install && npm run build in js/"
        )
    return path.read_text(encoding="utf-8")
