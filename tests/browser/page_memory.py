"""What a page holds on to, as the browser's own tools count it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, Locator, Page


def listeners_and_nodes(page: Page) -> tuple[int, int]:
    """Return how many event listeners and DOM nodes outlive a collection of garbage."""
    tools = page.context.new_cdp_session(page)
    _collect(page, tools)
    tools.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    tools.detach()
    return int(metrics["JSEventListeners"]), int(metrics["Nodes"])


def watch(element: Locator) -> None:
    """Remember an element without holding it, for `left_alive`."""
    element.evaluate("element => { (window.watched ??= []).push(new WeakRef(element)); }")


def left_alive(page: Page) -> list[bool]:
    """Return for each element watched on this page whether it outlives a collection of garbage."""
    tools = page.context.new_cdp_session(page)
    _collect(page, tools)
    tools.detach()
    alive = page.evaluate("(window.watched ?? []).map(one => one.deref() !== undefined)")
    return [bool(one) for one in alive]


def page_listeners(page: Page) -> int:
    """Return how many listeners hang on the window, the document and the body."""
    tools = page.context.new_cdp_session(page)

    def listeners(target: str) -> Any:
        result = tools.send("Runtime.evaluate", {"expression": target})["result"]
        return tools.send("DOMDebugger.getEventListeners", {"objectId": result["objectId"]})

    count = sum(
        len(listeners(target)["listeners"]) for target in ("window", "document", "document.body")
    )
    tools.detach()
    return count


def _collect(page: Page, tools: CDPSession) -> None:
    for _ in range(2):
        tools.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(100)
