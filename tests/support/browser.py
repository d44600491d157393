"""A real browser on a real server, with an operator logged in; any error in its console fails the test.

A plugin: test modules that use it set `pytest_plugins = ["tests.support.browser"]` and define `server`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from .chromium import CHROMIUM, FLAGS, PASSWORD, prepare
from .server import Server

# Console messages for expected statuses: conflicts and validation errors.
_MEANT = ("status of 409", "status of 422")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(server: Server, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a logged-in page with its own cookies. CSP violations also count as console errors."""
    errors: list[str] = []

    def log(message: Any) -> None:
        if message.type == "error" and not any(meant in message.text for meant in _MEANT):
            errors.append(f"{message.text} ({message.location})")

    def open_page(user: str = "admin", **options: Any) -> Page:
        page = prepare(chromium.new_context(base_url=server.url, **options).new_page())
        page.on("console", log)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/admin/")
        page.fill("#id_username", user)
        page.fill("#id_password", PASSWORD)
        page.click("[type=submit]")
        return page

    yield open_page
    for context in chromium.contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of the operator."""
    return new_page()
