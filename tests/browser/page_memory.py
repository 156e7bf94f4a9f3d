"""What a page holds on to, as the browser's own tools count it."""

from __future__ import annotations

from playwright.sync_api import CDPSession, Page


def listeners_and_nodes(page: Page) -> tuple[int, int]:
    """Return how many event listeners and DOM nodes outlive a collection of garbage."""
    tools = page.context.new_cdp_session(page)
    _collect(page, tools)
    tools.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    tools.detach()
    return int(metrics["JSEventListeners"]), int(metrics["Nodes"])


def left_alive(page: Page) -> tuple[int, int]:
    """Return what outlives a collection of garbage.

    Returns:
        How many roots of explorers there are, on the page or held by some listener, and how many
        listeners hang on the window, the document and the body.
    """
    tools = page.context.new_cdp_session(page)
    _collect(page, tools)

    def evaluated(expression: str) -> str:
        result = tools.send("Runtime.evaluate", {"expression": expression})["result"]
        return str(result["objectId"])

    elements = tools.send(
        "Runtime.queryObjects", {"prototypeObjectId": evaluated("HTMLElement.prototype")}
    )["objects"]
    # HTMLElement's prototypes are among them, and have no class list
    count = """function() {
        return this.filter(e => e instanceof HTMLDivElement && e.isConnected !== undefined
            && e.constructor.prototype !== e && e.classList.contains('dcs-root')).length;
    }"""
    roots = tools.send(
        "Runtime.callFunctionOn",
        {"objectId": elements["objectId"], "functionDeclaration": count},
    )["result"]["value"]
    listeners = sum(
        len(
            tools.send("DOMDebugger.getEventListeners", {"objectId": evaluated(target)})[
                "listeners"
            ]
        )
        for target in ("window", "document", "document.body")
    )
    tools.detach()
    return int(roots), listeners


def _collect(page: Page, tools: CDPSession) -> None:
    for _ in range(2):
        tools.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(200)
