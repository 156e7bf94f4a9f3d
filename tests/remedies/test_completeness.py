"""No message with a remedy is printed that no test follows: all text of the source is looked through."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import deconvscope

from . import (  # noqa: F401  (each fills `remedy.KNOWN`)
    test_of_exemplars,
    test_of_experiments,
    test_of_explorer,
    test_of_layouts,
    test_of_models,
    test_of_registered_rules,
    test_of_reversal,
)
from .remedy import KNOWN

SOURCE = Path(deconvscope.__file__).parent
FRONT_END = Path(__file__).parents[2] / "js" / "src"

VERBS = (
    "add", "ask", "build", "choose", "compute", "convert", "crop", "cut", "download", "end", "fetch", "forget",
    "give", "hand", "install", "leave", "link", "make", "mark", "merge", "move", "name", "open", "pass", "put",
    "record", "register", "remove", "repeat", "replace", "run", "save", "scale", "select", "set", "show", "split",
    "switch", "take", "try", "use", "wrap", "write",
)  # fmt: skip
"""How advice begins, after a semicolon, a colon, a comma or a full stop."""
ADVICE = re.compile(
    rf"(?:[;:,.] |[;:,.] (?:or|and|e\.g\.) |^|\bor )(?:{'|'.join(VERBS)}) ", re.IGNORECASE
)
CODE = re.compile(
    r"\w\(|\w\[|\b\w+=|\b(?:torch|numpy|deconvscope|image|nn|compiled|network)\.\w|pip install|python -m|npm |--\w"
)

NO_REMEDY = {
    "python -m deconvscope": "the name of the command",
    "merge the shards when all are done": "help of the command line",
    "look at all images; run again to resume": "help of the command line",
    "write the result as a table": "help of the command line",
    "processes that load images": "help of the command line",
    "<table": "HTML", "<td": "HTML", "<th": "HTML", "<img": "HTML", "<progress": "HTML", "<script": "HTML",
    "<section": "HTML", "<!doctype": "HTML", '<{} style="': "HTML",
    "render({ model })": "JavaScript",
    "the front end is not built; run npm install && npm run build in js/": "a page says it, as test_of_explorer's",
    "rectifier-like call(s) have no reversed rule": "a table says what is reversed how",
    "write through a view": "the name of a step",
    "link {}": "who asked",
    "at 0x[0-9a-fA-F]+": "a pattern",
    " at 0x": "a pattern",
}  # fmt: skip
"""A part of what looks like a remedy and is none → what it is."""


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield every text of a module but docstrings, with {} where something is filled in."""
    left_out = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in left_out:
            text = written(node)
            if text:
                yield text


def written(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(written, node.values))
    return "{}"


def advising() -> dict[str, str]:
    """Return text → file of everything that seems to say what to do."""
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        for text in texts(ast.parse(file.read_text(encoding="utf-8"))):
            if " " in text.strip() and (ADVICE.search(text) or CODE.search(text)):
                found[text] = str(file.relative_to(SOURCE))
    return found


def test_every_message_with_a_remedy_has_a_test_that_follows_it() -> None:
    known = [*KNOWN, *NO_REMEDY]
    without = [
        f"{file}: {text}"
        for text, file in advising().items()
        if not any(part in text for part in known)
    ]
    assert not without, "no test follows:\n" + "\n".join(without)


def test_no_test_is_about_a_message_that_is_printed_no_more() -> None:
    every = [
        text
        for file in SOURCE.rglob("*.py")
        for text in texts(ast.parse(file.read_text(encoding="utf-8")))
    ]
    gone = [part for part in KNOWN if not any(part in text for text in every)]
    assert not gone


def test_the_front_end_advises_only_what_is_known() -> None:
    """What a page says to do is done in the browser's own tests, named here."""
    followed = {
        "open it from Python, explorer.image = path": "test_uploads.py, and test_levels.py in Python",
        "run the cell to see pictures": "test_without_kernel.py",
        "are the most: remove one first": "test_pins.py",
    }
    said = {
        text
        for file in FRONT_END.rglob("*.ts")
        for text in re.findall(r'"([^"\n]*)"|`([^`\n]*)`', file.read_text(encoding="utf-8"))
        for text in text
        if re.search(rf"[;:] (?:{'|'.join(VERBS)}) ", text)
    }
    assert [text for text in said if not any(part in text for part in followed)] == []


def test_code_and_advice_are_recognised() -> None:
    for text in (
        "x is wrong; pass y",
        "wrong: use z",
        "wrong. Give another out=",
        "e.g. image.float() / 255",
    ):
        assert ADVICE.search(text) or CODE.search(text)
    for text in ("conv4_3 of VGG", "the values run from 0 to 1"):
        assert not ADVICE.search(text)
        assert not CODE.search(text)
