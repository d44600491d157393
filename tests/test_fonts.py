"""Fonts are small, hold what pages show, and what did not arrive is no word over the page."""

from __future__ import annotations

import base64
import importlib.util
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser, Page, expect

from .support.browser_world import serving
from .support.chromium import needs_chromium
from .support.prepared import Prepared
from .support.server import ROOT, Server

pytest_plugins = ["tests.support.browser"]

FIRST_VISIT_BYTES = 250_000


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("subset_fonts", ROOT / "scripts/subset_fonts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_icon_in_use_is_in_the_style_sheet(script: Any) -> None:
    """Where this fails, run scripts/subset_fonts.py."""
    sheet = (script.WRITTEN_TO / "fonts.css").read_text()
    [written] = re.findall(r"url\(data:font/woff2;base64,([^)]+)\)", sheet)
    shipped = script.ligatures(TTFont(BytesIO(base64.b64decode(written)))).keys()
    in_use = script.words_in_use() & script.ligatures(TTFont(script.ICON_FONT)).keys()
    assert {"home", "menu", "chevron_right", "calendar_today", "book_2"} <= in_use
    assert in_use - shipped == set()
    assert len(shipped) < 200


def test_names_of_icons_are_not_shown_while_their_font_is_awaited(script: Any) -> None:
    sheet = (script.WRITTEN_TO / "fonts.css").read_text()
    [icons] = [rule for rule in sheet.splitlines() if "Material Symbols" in rule]
    assert "font-display: block" in icons


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("fonts") / "data", prepared.empty, "people") as (running, _made):
        yield running


def signed_in(page: Page) -> Page:
    """The page, once it shows what is behind the form."""
    expect(page.get_by_role("main").get_by_role("heading", level=1)).to_have_text(re.compile(r"^\s*(Home|Welcome to )"))
    return page


def drawn_width(page: Page, icon: str) -> float:
    """How wide the text of an icon is; a word is much wider than it is high."""
    measured: float = page.evaluate(
        """(icon) => {
          const range = document.createRange();
          range.selectNodeContents([...document.querySelectorAll("nav .material-symbols-outlined")]
            .find((element) => element.textContent.trim() === icon));
          return range.getBoundingClientRect().width;
        }""",
        icon,
    )
    return measured


@needs_chromium
def test_icons_are_there_where_no_font_arrives(
    new_page: Callable[..., Page], server: Server, chromium: Browser
) -> None:
    context = chromium.new_context(base_url=server.url, storage_state=signed_in(new_page()).context.storage_state())
    page = context.new_page()
    page.route("**/*.woff2", lambda route: route.abort())
    page.goto("/admin/")
    expect(page.get_by_role("link", name="Skills", exact=True)).to_be_visible()
    assert 0 < drawn_width(page, "home") <= 18
    context.close()


@needs_chromium
def test_name_that_is_no_icon_is_cut_off(page: Page) -> None:
    signed_in(page).evaluate(
        "document.querySelector('nav .material-symbols-outlined').textContent = 'no_such_icon_at_all'"
    )
    icon = page.locator("nav .material-symbols-outlined").first
    box = icon.bounding_box()
    assert box is not None
    assert box["width"] <= 24
    assert icon.evaluate("(element) => getComputedStyle(element).overflowX") == "clip"


@needs_chromium
def test_letters_of_other_scripts_are_loaded_where_a_page_has_some(page: Page) -> None:
    whole = re.compile(r"/unfold/fonts/inter/Inter-Regular\.\w+\.woff2$")
    signed_in(page)
    with page.expect_request(whole):
        page.evaluate("document.querySelector('main').append('Добрый день')")


@needs_chromium
def test_first_visit_is_small(new_page: Callable[..., Page], server: Server, chromium: Browser) -> None:
    context = chromium.new_context(base_url=server.url, storage_state=signed_in(new_page()).context.storage_state())
    page = context.new_page()
    sizes = on_the_wire(page)
    page.goto("/admin/", wait_until="networkidle")
    assert 50_000 < sum(sizes.values()) < FIRST_VISIT_BYTES
    context.close()


def on_the_wire(page: Page) -> dict[str, float]:
    """What each request costs, as it becomes known; what is written in a style sheet came with it."""
    sizes: dict[str, float] = {}
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    addresses: dict[str, str] = {}

    def asked(event: Any) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def finished(event: Any) -> None:
        if not addresses[event["requestId"]].startswith("data:"):
            sizes[event["requestId"]] = event["encodedDataLength"]

    network.on("Network.requestWillBeSent", asked)
    network.on("Network.loadingFinished", finished)
    return sizes
