"""Every page of the admin in a real browser: accessible in light and dark, fits a phone, nothing fails on it.

Its icons are pictures and not words, and a screen reader does not read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Response

from .support.admin_addresses import NO_PAGES, PAGES, addresses, names
from .support.browser_world import serving
from .support.chromium import PASSWORD, needs_chromium, prepare
from .support.node_tools import module
from .support.prepared import Prepared
from .support.server import Server

pytest_plugins = ["tests.support.browser"]

LIST = "/admin/skills_registry/skill/"
MANAGED = "/admin/mcp_gateway/accesstoken/"
# `serious` and `critical` alone; what axe calls minor is a matter of taste.
_AXE = """async (only) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...only });
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
}"""
_DARK = (
    """() => { document.documentElement.classList.remove("light"); document.documentElement.classList.add("dark"); }"""
)


# What is written where an icon should be: in an element of an icon, or by a style.
_WORDS = """() => {
  const canvas = document.createElement("canvas").getContext("2d");
  const isWord = (text, style) => {
    canvas.font = `${style.fontSize} ${style.fontFamily}`;
    return canvas.measureText(text).width > 1.05 * parseFloat(style.fontSize);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, part);
      if (!style.fontFamily.startsWith('"Material Symbols') || (part && !style.content.startsWith('"'))) continue;
      const text = part ? style.content.split('"')[1] : element.textContent.trim();
      if (isWord(text, style)) found.push(text);
    }
  }
  return found;
}"""
# Texts that a description names and that are not on the page.
_NOT_THERE = """() => [...document.querySelectorAll("[aria-describedby], [aria-controls], label[for]")]
  .flatMap((element) => ["aria-describedby", "aria-controls", "for"].map((name) => element.getAttribute(name) ?? ""))
  .flatMap((names) => names.split(" "))
  .filter((id) => id && !document.getElementById(id))"""
# Whatever can be pressed is in sight, without scrolling sideways in anything.
_OUT_OF_SIGHT = """() => [...document.querySelectorAll("main :is(button, [type=submit], .sk-button)")]
  .filter((element) => element.checkVisibility())
  .map((element) => ({ text: element.textContent.trim(), box: element.getBoundingClientRect() }))
  .filter(({ box }) => box.left < 0 || box.right > innerWidth).map(({ text }) => text)"""

# Cells of rows that are stacked, and whose label lies over what is in them.
_OVERLAID = """() => [...document.querySelectorAll(".sk-stacks > tbody > tr > *")]
  .filter((cell) => cell.checkVisibility())
  .filter((cell) => {
    const label = getComputedStyle(cell, "::before");
    return parseFloat(getComputedStyle(cell).paddingInlineStart) < parseFloat(label.width);
  }).map((cell) => cell.textContent.trim())"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[tuple[Server, dict[str, Any]]]:
    with serving(tmp_path_factory.mktemp("pages") / "data", prepared.empty, "everything") as found:
        yield found


@pytest.fixture(scope="module")
def server(world: tuple[Server, dict[str, Any]]) -> Server:
    return world[0]


@pytest.fixture(scope="module")
def made(world: tuple[Server, dict[str, Any]]) -> dict[str, Any]:
    return world[1]


@pytest.fixture(scope="module")
def axe() -> str:
    return module("axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def session(server: Server, chromium: Any) -> Any:
    """The cookies of one login, for all the pages."""
    context = chromium.new_context(base_url=server.url)
    log_in(prepare(context.new_page()))
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def window(server: Server, chromium: Any, session: Any) -> Iterator[Page]:
    """A window of the operator's, without animations; whatever fails in it fails the test."""
    failures: list[str] = []
    context = chromium.new_context(base_url=server.url, storage_state=session, reduced_motion="reduce")
    watch(page := prepare(context.new_page()), failures)
    yield page
    context.close()
    assert failures == []


def watch(page: Page, failures: list[str]) -> None:
    """Collect what goes wrong; what the policy refuses is an error in the console."""

    def failed(request: Request) -> None:
        failures.append(f"{request.url}: {request.failure}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            failures.append(f"{response.url}: {response.status}")

    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("requestfailed", failed)
    page.on("response", answered)


def log_in(page: Page, user: str = "admin") -> None:
    page.goto("/admin/login/?next=/admin/password_change/done/")
    page.fill("#id_username", user)
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/password_change/done/")


def examine(page: Page, axe: str) -> None:
    """Light and dark are accessible, icons are pictures, and neither a wide nor a narrow window scrolls sideways."""
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate(_WORDS) == []
    assert page.evaluate(_NOT_THERE) == []
    listen(page)
    page.evaluate(axe)
    assert page.evaluate(_AXE, {}) == []
    page.evaluate(_DARK)
    assert page.evaluate(_AXE, {"runOnly": ["color-contrast", "link-in-text-block"]}) == [], "in the dark"
    for width in (390, 360):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(_OUT_OF_SIGHT) == []
        assert page.evaluate(_OVERLAID) == []


def listen(page: Page) -> None:
    """A screen reader finds one main part, and hears no names of icons."""
    heard = page.locator("body").aria_snapshot()
    assert len(re.findall(r"^\s*- main\b", heard, re.M)) == 1
    named = page.locator(".material-symbols-outlined").all_text_contents()
    words = {name.strip() for name in named if "_" in name}
    assert {word for word in words if word in heard} == set()
    assert page.locator(".material-symbols-outlined:not([aria-hidden=true])").count() == 0


def test_every_address_has_a_sample_or_a_reason() -> None:
    assert names() - PAGES.keys() - NO_PAGES.keys() == set()
    assert (PAGES.keys() | NO_PAGES.keys()) - names() == set()


@needs_chromium
@pytest.mark.parametrize("name", PAGES)
def test_page(window: Page, made: dict[str, Any], axe: str, name: str) -> None:
    for address in addresses(name, made):
        answer = window.goto(address)
        assert answer is not None
        assert answer.status == 200
        examine(window, axe)


@needs_chromium
def test_page_to_log_in(server: Server, chromium: Any, axe: str) -> None:
    page = prepare(chromium.new_page(base_url=server.url, reduced_motion="reduce"))
    page.goto("/admin/login/")
    examine(page, axe)
    page.close()


@needs_chromium
@pytest.mark.parametrize(
    ("address", "said"), [(f"{LIST}999/change/", "Not found"), ("/admin/auth/user/", "Not allowed")]
)
def test_page_that_is_none_says_so(server: Server, chromium: Any, axe: str, address: str, said: str) -> None:
    page = prepare(chromium.new_page(base_url=server.url, reduced_motion="reduce"))
    log_in(page, "viewer")
    page.goto(address)
    assert page.inner_text("h1") == said
    examine(page, axe)
    page.close()


def statuses(page: Page, paths: list[str]) -> list[int]:
    """What a browser with this page's cookies gets; redirects are not followed."""
    return [page.request.get(path, max_redirects=0, fail_on_status_code=False).status for path in paths]


@needs_chromium
@pytest.mark.parametrize(
    ("role", "sees", "refused"),
    [
        ("viewer", ["Calls"], ["Upload a skill", "Edit", "Publish v2", "Delete", "Access tokens", "Users"]),
        ("author", ["Calls", "Upload a skill", "Edit"], ["Publish v2", "Delete", "Access tokens", "Users"]),
        ("publisher", ["Calls", "Publish v2"], ["Upload a skill", "Edit", "Access tokens", "Users"]),
        ("administrator", ["Calls", "Upload a skill", "Edit", "Publish v2", "Access tokens"], []),
    ],
)
def test_each_role_sees_and_may_do_what_is_its_own(
    world: tuple[Server, dict[str, Any]], chromium: Any, role: str, sees: list[str], refused: list[str]
) -> None:
    server, made = world
    page = prepare(chromium.new_page(base_url=server.url))
    log_in(page, role)
    shown: set[str] = set()
    skill = f"{LIST}{made['skill']}/"
    for path in (f"{skill}versions/", f"{skill}versions/2/", "/admin/"):
        page.goto(path)
        shown |= {text.split("\n")[-1].strip() for text in page.get_by_role("link").all_inner_texts()}
    assert set(sees) <= shown
    assert not set(refused) & shown

    addresses = {
        "Calls": "/admin/invocations/invocation/",
        "Upload a skill": f"{LIST}upload/",
        "Edit": f"{skill}versions/2/edit/",
        "Publish v2": f"{skill}publish/2/",
        "Access tokens": MANAGED,
        "Users": "/admin/auth/user/",
    }
    assert set(statuses(page, [addresses[name] for name in sees])) == {200}
    assert set(statuses(page, [addresses[name] for name in refused if name in addresses])) <= {403}
    page.close()


@needs_chromium
def test_field_of_several_words_suggests_for_the_one_that_is_typed(window: Page, made: dict[str, Any]) -> None:
    window.goto(f"{LIST}{made['skill']}/tags/")
    suggested = "[...document.querySelector('#id_tags').list.options].map(({ value }) => value)"
    assert window.evaluate(suggested) == ["hello", "people"]
    window.fill("#id_tags", "new, pe")
    assert window.evaluate(suggested) == ["new, hello", "new, people"]
    window.fill("#id_tags", "new, people ")
    assert window.evaluate(suggested) == ["new, people hello"]
