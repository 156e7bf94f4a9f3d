"""Shared by all tests: a fixed random state, hypothesis without deadlines, one Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import settings

from . import distribution

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
]

settings.register_profile("suite", deadline=None, print_blob=True)  # for busy machines
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option to watch the browser tests."""
    parser.addoption("--headed", action="store_true", help="show the browser, in slow motion")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Distribute the tests over processes by group."""
    config.option.loadscopereorder = False  # by number of tests
    return distribution.ByGroup(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests by start in a worker process."""
    if hasattr(config, "workerinput"):
        items[:] = distribution.in_order_of_start(items)


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Seed torch for every test, whatever ran before it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def chromium_program() -> str | None:
    """Return the path of Chromium; None if it is not installed."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Yield one browser for all tests, since Playwright runs only once per thread."""
    from playwright.sync_api import sync_playwright

    program = chromium_program()
    if program is None:
        pytest.skip("no Chromium: apt install chromium")
    with sync_playwright() as playwright:
        headed = request.config.getoption("--headed")
        browser = playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, headless=not headed, slow_mo=300 * headed
        )
        yield browser
        browser.close()
