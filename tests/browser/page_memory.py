"""What a page holds on to of explorers, as the browser's own tools find it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, Locator, Page

OWN_SCRIPTS = ("blob:", "@file")
"""What the addresses of the front end's scripts contain; the programs' own have others."""
DETACHED = """function(leaveOut) {
    const own = (one) => {
        try {
            return !one.isConnected && /^dcs-/.test(one.className) && !one.leftOut;
        } catch {
            return false;  // a prototype, which is on no page and has no class
        }
    };
    const found = this.filter(own);
    if (leaveOut) for (const one of found) one.leftOut = true;
    return found.map(one => one.className);
}"""


def detached_elements(page: Page, leave_out: bool = False) -> list[str]:
    """Return the classes of an explorer's elements that are on no page, and yet not forgotten.

    Args:
        page: the page.
        leave_out: whether later calls leave out those found now, which others left.
    """
    tools = page.context.new_cdp_session(page)
    prototype = _evaluate(tools, "HTMLElement.prototype")
    found = tools.send("Runtime.queryObjects", {"prototypeObjectId": prototype})["objects"]
    call = {
        "functionDeclaration": DETACHED,
        "objectId": found["objectId"],
        "arguments": [{"value": leave_out}],
        "returnByValue": True,
    }
    detached = tools.send("Runtime.callFunctionOn", call)["result"]["value"]
    tools.detach()
    return sorted(map(str, detached))


def own_listeners(page: Page) -> int:
    """Return how many listeners of explorers hang on the window, the document and the body."""
    tools = page.context.new_cdp_session(page)
    own = set()

    def note(script: Any) -> None:
        if any(part in script["url"] for part in OWN_SCRIPTS):
            own.add(script["scriptId"])

    tools.on("Debugger.scriptParsed", note)
    tools.send("Debugger.enable")
    count = 0
    for target in ("window", "document", "document.documentElement", "document.body"):
        found = tools.send("DOMDebugger.getEventListeners", {"objectId": _evaluate(tools, target)})
        count += sum(one["scriptId"] in own for one in found["listeners"])
    tools.send("Debugger.disable")
    tools.detach()
    assert own, "no script of an explorer is known by its address"
    return count


def watch(element: Locator) -> None:
    """Remember an element without holding it, for `left_alive`."""
    element.evaluate("element => { (window.watched ??= []).push(new WeakRef(element)); }")


def left_alive(page: Page) -> list[bool]:
    """Return for each element watched on this page whether it outlives a collection of garbage."""
    tools = page.context.new_cdp_session(page)
    tools.send("HeapProfiler.collectGarbage")
    tools.detach()
    alive = page.evaluate("(window.watched ?? []).map(one => one.deref() !== undefined)")
    return [bool(one) for one in alive]


def _evaluate(tools: CDPSession, expression: str) -> str:
    result: Any = tools.send("Runtime.evaluate", {"expression": expression})["result"]
    return str(result["objectId"])
