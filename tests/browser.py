"""Fixtures for tests in a real browser: `browser`, and `page` with a context of its own.

Loaded as a plugin (`-p tests.browser`). Starts no server: tests bring a `stack` or a live server.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import chromium
from tests.patience import promised

if TYPE_CHECKING:  # importing Playwright costs 0.3 s, which most runs need not pay
    from playwright.sync_api import Browser, BrowserContext, Page

# As root there is no sandbox; the rest keeps a throw-away browser from calling home, and from
# /dev/shm, which containers make too small.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
ACTION_TIMEOUT_MS = promised(10.0) * 1_000
VIEWPORT_WIDTH, VIEWPORT_HEIGHT = 1280, 900


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A headless Chromium; skips without one, but fails under CI=true.

    For a module, not for the session: while it runs, Playwright's loop counts as this thread's
    running event loop, and no asyncio test could start.
    """
    from playwright.sync_api import sync_playwright

    path = chromium.find()
    if path is None:
        reason = "no browser: run `python -m tests.chromium`, or set CHROMIUM to one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: "Browser") -> "Iterator[BrowserContext]":
    """A fresh profile: no cookies of another test."""
    context = browser.new_context(
        viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT}, locale="en-US"
    )
    context.set_default_timeout(ACTION_TIMEOUT_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    """One tab."""
    return context.new_page()
