"""From an empty server to a skill that was called, changed, rolled back and switched off: all in a browser."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mcp import MCPError
from mcp.client.client import Client
from playwright.sync_api import Locator, Page, expect

from .support.browser_world import serving
from .support.chromium import PASSWORD, drop, needs_chromium, prepare
from .support.packages import skill_md, zip_of
from .support.patience import PATIENCE_SECONDS
from .support.prepared import Prepared
from .support.server import Server

pytest_plugins = ["tests.support.browser"]
pytestmark = needs_chromium

LIST = "/admin/skills_registry/skill/"
LOG = "/admin/invocations/invocation/"
# An outline, or the ring that unfold draws as a shadow; what it is without focus is compared with it.
_LOOK = "element => { const s = getComputedStyle(element); return [s.outlineStyle, s.boxShadow, s.borderColor]; }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    """No skill is in it, and nobody but people."""
    with serving(tmp_path_factory.mktemp("first-run") / "data", prepared.empty, "people") as (running, _made):
        yield running


def call(server: Server, name: str, times: int = 1) -> str:
    """What the official client gets of a tool; it runs beside the browser, which has a loop of its own."""

    async def ask() -> str:
        async with Client(f"{server.url}/mcp") as client:
            try:
                for _ in range(times):
                    answer = await client.call_tool(name, {})
            except MCPError as refusal:
                return str(refusal)
        return "".join(getattr(part, "text", "") for part in answer.content)

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, ask()).result()


def reload_until(page: Page, shown: Locator) -> None:
    """Calls come into the log a moment after they were answered."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not shown.count():
        assert time.monotonic() < deadline, f"{shown} is not on {page.url}"
        page.reload()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something is reached, which then shows that it is."""
    resting = wanted.evaluate(_LOOK)
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            assert wanted.evaluate(_LOOK) != resting, "the focus is not visible"
            return
    raise AssertionError(f"{wanted} cannot be reached with Tab")


def text(name: str, body: str, **files: str) -> bytes:
    return zip_of({"SKILL.md": skill_md(name, body), **{f"{stem}.txt": content for stem, content in files.items()}})


def test_empty_server_leads_to_the_first_upload(page: Page) -> None:
    expect(page.get_by_role("heading", name="Welcome to Skillkeeper")).to_be_visible()
    expect(page.get_by_text("claude mcp add")).to_be_visible()
    for address, told in {
        LIST: "There are no skills yet.",
        LOG: "No calls yet.",
        f"{LIST}reviews/": "No versions are waiting for review.",
        "/admin/": "Upload the first skill",
    }.items():
        page.goto(address)
        expect(page.get_by_text(told).first).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Upload the first skill").click()
    expect(page.get_by_role("heading", name="Upload a skill")).to_be_visible()


def test_viewer_is_told_whom_to_ask(new_page: Callable[..., Page]) -> None:
    page = new_page("viewer")
    expect(page.get_by_text("Your role does not include uploading. Ask someone who can upload.")).to_be_visible()
    expect(page.get_by_role("link", name="Upload the first skill")).to_have_count(0)


def test_from_the_first_upload_to_the_end_of_a_skill(page: Page, server: Server) -> None:
    page.goto(f"{LIST}upload/")
    drop(page, {"diary.zip": text("diary", "First text.", a="one")})
    expect(page.get_by_text("diary is a new skill. This would be its v1.")).to_be_visible()
    page.get_by_role("button", name="Create and publish").click()
    expect(page.get_by_text("Published diary v1.")).to_be_visible()
    address = re.sub(r"versions/1/$", "change/", page.url)
    assert "First text." in call(server, "diary", times=3)

    page.goto(f"{LOG}?skill=diary")
    reload_until(page, page.get_by_role("row").nth(3))
    expect(page.get_by_role("row").filter(has_text="success")).to_have_count(3)
    page.goto(address)
    expect(page.get_by_text(re.compile("3 calls"))).to_be_visible()

    page.goto(f"{LIST}upload/")
    chosen: Any = {
        "name": "diary.zip",
        "mimeType": "application/zip",
        "buffer": text("diary", "Second text.", a="two"),
    }
    with page.expect_file_chooser() as choosing:
        page.locator("#id_file").click()
    choosing.value.set_files(chosen)
    submit = page.get_by_role("button", name="Upload and inspect")
    if submit.is_visible():
        submit.click()
    page.get_by_role("button", name="Create version").click()
    expect(page.get_by_text("Created diary v2.")).to_be_visible()
    assert "First text." in call(server, "diary"), "a new version does not go live by itself"

    page.get_by_role("link", name="Versions", exact=True).click()
    page.get_by_role("link", name="v2", exact=True).click()
    page.get_by_role("link", name="Compare", exact=True).click()
    expect(page.locator(".sk-diff del").first).to_contain_text("First")
    expect(page.locator(".sk-diff ins").first).to_contain_text("Second")
    page.go_back()
    page.get_by_role("link", name="Publish v2").click()
    page.get_by_role("button", name="Publish diary v2").click()
    assert "Second text." in call(server, "diary")

    page.get_by_role("link", name="Versions", exact=True).click()
    page.get_by_role("link", name="Roll back to v1").click()
    page.fill("#id_reason", "v2 was wrong")
    page.get_by_role("button", name="Roll back to diary v1").click()
    assert "First text." in call(server, "diary")
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.get_by_text("v2 was wrong")).to_be_visible()

    page.get_by_role("link", name="Deactivate", exact=True).click()
    page.get_by_role("button", name="Deactivate diary").click()
    expect(page.get_by_text("Agents do not get this skill. Publish a version to reactivate it.")).to_be_visible()
    assert call(server, "diary") == "Unknown tool: diary"

    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.get_by_text("Its versions, files and history are kept. You can restore it.")).to_be_visible()
    page.get_by_role("button", name="Delete diary").click()
    page.goto(LIST)
    expect(page.get_by_role("link", name="diary", exact=True)).to_have_count(0)
    page.goto(address)
    page.get_by_role("link", name="Restore", exact=True).click()
    page.get_by_role("button", name="Restore diary").click()
    page.goto(LIST)
    expect(page.get_by_role("link", name="diary", exact=True)).to_be_visible()


def test_the_main_path_needs_no_mouse(server: Server, chromium: Any) -> None:
    page = prepare(chromium.new_page(base_url=server.url))
    page.goto("/admin/")
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/admin/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()

    tab_to(page, page.locator("#nav-sidebar-apps a[href$='/skill/upload/']"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/upload/")
    tab_to(page, page.locator("#id_file"))
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Enter")
    choosing.value.set_files({"name": "keys.zip", "mimeType": "application/zip", "buffer": text("keys", "By hand.")})
    submit = page.get_by_role("button", name="Upload and inspect")
    if submit.is_visible():
        tab_to(page, submit)
        page.keyboard.press("Enter")
    create = page.get_by_role("button", name="Create and publish")
    expect(create).to_be_visible()
    tab_to(page, create)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Published keys v1.")).to_be_visible()
    assert "By hand." in call(server, "keys")
    tab_to(page, page.get_by_role("link", name="Versions", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/versions/")
    page.close()


def test_dark_follows_the_system_until_somebody_chooses(new_page: Callable[..., Page]) -> None:
    page = new_page(color_scheme="dark")

    def brightness() -> float:
        return float(
            page.evaluate("""() => {
          const canvas = document.createElement("canvas").getContext("2d");
          canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
          canvas.fillRect(0, 0, 1, 1);
          return canvas.getImageData(0, 0, 1, 1).data[0];
        }""")
        )

    assert brightness() < 60
    page.evaluate("localStorage.setItem('adminTheme', '\"light\"')")
    page.goto(LIST)
    assert brightness() > 200
