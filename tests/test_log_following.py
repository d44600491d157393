"""Following the log in a real browser: new calls appear by themselves, until it is paused or not seen."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from .support.chromium import CHROMIUM, FLAGS, PASSWORD, needs_chromium, prepare
from .support.pages import LOG
from .support.patience import PATIENCE_SECONDS
from .support.server import QUICKSTART, Server

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("following") / "data"
    with Server(QUICKSTART, data, MCP_REQUIRE_AUTH="false", DJANGO_SUPERUSER_PASSWORD=PASSWORD) as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    """A log that is followed, in a browser whose clock stands still but where a test lets it run."""
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = prepare(browser.new_page(base_url=server.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"/admin/login/?next={LOG}")
        page.fill("#id_username", "admin")
        page.fill("#id_password", PASSWORD)
        page.clock.install()
        page.click("[type=submit]")
        page.get_by_role("button", name="Follow").click()
        expect(page.get_by_role("status").filter(has_text="Following")).to_be_visible()
        yield page
        browser.close()
    assert errors == []


def call(server: Server, name: str) -> None:
    """A call that fails, as there is no such skill; its name is in the log."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name}}
    assert "error" in httpx.post(f"{server.url}/mcp", json=request, timeout=PATIENCE_SECONDS).json()


def shown(page: Page, name: str) -> None:
    """Wait until the page shows a call, its clock running."""
    row = page.locator("#result_list").get_by_text(name, exact=True)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not row.count():
        assert time.monotonic() < deadline, f"{name} does not appear"
        page.clock.run_for(2_100)
        page.wait_for_timeout(50)
    expect(row).to_have_count(1)


def asked(page: Page) -> list[str]:
    """The questions for new calls from now on; grows."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "/follow/" in request.url else None)
    return found


def test_new_calls_appear_once_and_in_order(server: Server, page: Page) -> None:
    for name in ("first-call", "second-call", "third-call"):
        call(server, name)
        shown(page, name)
    names = page.locator("#result_list tbody .log-name").all_inner_texts()
    assert names[:3] == ["third-call", "second-call", "first-call"]


def test_nothing_is_asked_while_paused(server: Server, page: Page) -> None:
    call(server, "before-pause")
    shown(page, "before-pause")
    button = page.get_by_role("button", name="Follow")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    questions = asked(page)
    page.clock.run_for(60_000)
    assert questions == []
    button.click()
    call(server, "after-pause")
    shown(page, "after-pause")


def test_nothing_is_asked_while_the_window_is_not_seen(server: Server, page: Page) -> None:
    call(server, "before-hiding")
    shown(page, "before-hiding")
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", { value: true, configurable: true });
                   document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    page.wait_for_load_state("networkidle")
    questions = asked(page)
    page.clock.run_for(60_000)
    assert questions == []
    call(server, "while-hidden")
    page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    shown(page, "while-hidden")
