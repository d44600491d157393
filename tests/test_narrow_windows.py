"""What one needs in a narrow window: the menu with the keyboard, the tab one is in, and all of a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .support.browser_world import serving
from .support.chromium import needs_chromium
from .support.pages import SKILLS
from .support.prepared import Prepared
from .support.server import Server

pytest_plugins = ["tests.support.browser"]
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[tuple[Server, dict[str, Any]]]:
    with serving(tmp_path_factory.mktemp("narrow") / "data", prepared.empty, "everything") as found:
        yield found


@pytest.fixture(scope="module")
def server(world: tuple[Server, dict[str, Any]]) -> Server:
    return world[0]


@pytest.fixture
def phone(new_page: Callable[..., Page]) -> Page:
    page = new_page(viewport={"width": 390, "height": 740}, reduced_motion="reduce")
    expect(page.get_by_role("main").get_by_role("heading", level=1)).to_have_text("Home")
    return page


def test_menu_takes_the_focus_and_gives_it_back_on_escape(phone: Page) -> None:
    menu = phone.get_by_role("button", name="Navigation")
    entry = phone.get_by_role("link", name="Access tokens")
    menu.press("Enter")
    expect(entry).to_be_visible()
    expect(phone.get_by_role("button", name="Close")).to_be_focused()
    phone.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(menu).to_be_focused()


def test_escape_closes_what_is_on_top_of_the_menu_first(phone: Page) -> None:
    phone.get_by_role("button", name="Navigation").click()
    phone.get_by_role("button", name="Search…").click()
    expect(phone.get_by_role("dialog", name="Search")).to_be_visible()
    phone.get_by_role("searchbox").press("Escape")
    expect(phone.get_by_role("dialog", name="Search")).to_be_hidden()
    expect(phone.get_by_role("link", name="Access tokens")).to_be_visible()


@pytest.mark.parametrize("tab", ["History", "Usage", "Overview"])
def test_tab_one_is_in_is_in_sight(phone: Page, world: tuple[Server, dict[str, Any]], tab: str) -> None:
    phone.goto(f"{SKILLS}{world[1]['skill']}/versions/")
    phone.get_by_label("Views").get_by_role("link", name=tab).click()
    current = phone.locator(".sk-tabs [aria-current=page]")
    expect(current).to_have_text(tab)
    expect(current).to_be_in_viewport(ratio=0.9)


def test_rows_of_versions_are_read_and_used_without_scrolling_sideways(
    phone: Page, world: tuple[Server, dict[str, Any]]
) -> None:
    phone.goto(f"{SKILLS}{world[1]['skill']}/versions/")
    row = phone.get_by_role("row", name="Publish v2")
    expect(row.get_by_role("rowheader")).to_contain_text("v2")
    box = row.get_by_role("link", name="Publish v2").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
    size = row.get_by_role("cell", name="bytes")
    assert size.get_attribute("data-label") == "Size"
    row.get_by_role("link", name="Publish v2").click()
    expect(phone.get_by_role("button", name="Publish greeter v2")).to_be_visible()


# Blank cells of stacked rows that still take room.
_BLANK = """() => [...document.querySelectorAll("main .sk-stacks tbody td")]
  .filter((cell) => cell.offsetHeight && !cell.children.length && !cell.textContent.trim()).length"""


def test_no_label_stands_beside_nothing(phone: Page, world: tuple[Server, dict[str, Any]]) -> None:
    phone.goto(f"{SKILLS}{world[1]['skill']}/versions/")
    expect(phone.locator("main .sk-stacks tbody td").first).to_be_visible()
    assert phone.evaluate(_BLANK) == 0


# Short texts in tables, and links in the head of a page, that are broken into lines.
_BROKEN = """() => [...document.querySelectorAll("main .sk-table td, main .sk-head .sk-link")]
  .filter((element) => !element.querySelector("time, code") && element.textContent.trim().length < 12)
  .filter((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom / 8))).size > 1;
  }).map((element) => element.textContent.trim())"""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_short_words_stay_in_one_line(
    new_page: Callable[..., Page], world: tuple[Server, dict[str, Any]], locale: str
) -> None:
    phone = new_page(viewport={"width": 390, "height": 740}, locale=locale)
    expect(phone.locator("html")).to_have_attribute("lang", "zh-hans" if locale == "zh-CN" else "en")
    skill = f"{SKILLS}{world[1]['skill']}/"
    for path in ("/admin/", f"{skill}compare/?from=1&to=2", f"{skill}versions/2/", f"{skill}change/"):
        phone.goto(path)
        assert phone.evaluate(_BROKEN) == [], path


@pytest.mark.parametrize("path", ["/admin/", "/admin/invocations/invocation/", SKILLS, f"{SKILLS}uploads/"])
def test_buttons_of_a_page_begin_where_its_heading_begins(phone: Page, path: str) -> None:
    phone.goto(path)
    left = "element => element.getBoundingClientRect().left"
    first = phone.locator(".sk-head .sk-actions :is(a, button)").first
    assert first.evaluate(left) == phone.get_by_role("heading", level=1).evaluate(left)


def test_errors_of_a_form_are_said_with_their_fields(phone: Page) -> None:
    phone.goto("/admin/auth/user/add/")
    phone.get_by_label("Username").fill("not a name!")
    phone.get_by_role("button", name="Save", exact=True).click()
    expect(phone.get_by_role("alert")).to_contain_text("Please correct the error")
    field = phone.get_by_label("Username")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("Letters, digits .* Enter a valid username"))
    assert "warning" not in phone.get_by_role("main").aria_snapshot(), "an icon is read aloud"


def test_errors_of_signing_in_are_said(server: Server, phone: Page) -> None:
    page = phone.context.browser.new_page(base_url=server.url)  # type: ignore[union-attr]
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("main").get_by_role("alert").first).to_contain_text("Please")
    page.context.close()
