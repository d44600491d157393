"""The operator's journey in a real browser, with the official client looking on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from .support.chromium import PASSWORD, needs_chromium
from .support.packages import skill_md, zip_of
from .support.patience import PATIENCE_SECONDS, wait_until
from .support.server import QUICKSTART, Server

pytest_plugins = ["tests.support.browser"]
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("browser") / "data"
    with Server(QUICKSTART, data, MCP_REQUIRE_AUTH="false", DJANGO_SUPERUSER_PASSWORD=PASSWORD) as running:
        yield running


def upload(page: Page, filename: str, content: bytes) -> None:
    page.goto("/admin/skills_registry/skill/")
    page.get_by_role("link", name="Upload a skill").click()
    file: Any = {"name": filename, "mimeType": "application/zip", "buffer": content}
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Upload and inspect").click()


def text_for_agents(server: Server, name: str) -> str:
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name}}
    answer = httpx.post(f"{server.url}/mcp", json=request, timeout=PATIENCE_SECONDS).json()
    return str(answer["result"]["content"][0]["text"]) if "result" in answer else str(answer["error"]["message"])


def test_upload_review_publish_upload_again_publish_and_roll_back(server: Server, page: Page) -> None:
    upload(page, "notes.zip", zip_of({"SKILL.md": skill_md("notes", "First text."), "a.txt": "x"}))
    expect(page.get_by_text("notes is a new skill. This would be its v1.")).to_be_visible()
    assert text_for_agents(server, "notes") == "Unknown tool: notes"
    page.fill("#id_note", "The first one")
    page.get_by_role("button", name="Create and publish").click()
    expect(page.get_by_text("Published notes v1.")).to_be_visible()
    assert "First text." in text_for_agents(server, "notes")

    upload(page, "notes.zip", zip_of({"SKILL.md": skill_md("notes", "Second text."), "b.txt": "x"}))
    expect(page.get_by_role("heading", name="Changes compared with v1 (live)")).to_be_visible()
    page.get_by_role("button", name="Create version").click()
    assert "First text." in text_for_agents(server, "notes"), "a new version does not go live by itself"
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name="Publish v2").first.click()
    expect(page.get_by_text("Agents now get notes v1. Within a second they will get v2 instead")).to_be_visible()
    page.get_by_role("button", name="Publish notes v2").click()
    assert "Second text." in text_for_agents(server, "notes")

    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name="Roll back to v1").click()
    page.fill("#id_reason", "v2 was wrong")
    page.get_by_role("button", name="Roll back to notes v1").click()
    expect(page.get_by_text("Rolled back: notes v1 is live now.")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("cell", name="v2 was wrong")).to_be_visible()
    assert "First text." in text_for_agents(server, "notes")

    page.get_by_role("link", name="Deactivate").click()
    page.get_by_role("button", name="Deactivate notes").click()
    assert text_for_agents(server, "notes") == "Unknown tool: notes"
    page.get_by_label("Views").get_by_role("link", name="Usage").click()
    expect(page.get_by_text("Unknown tool: notes").first).to_be_visible()


def test_refused_package_shows_every_problem(page: Page) -> None:
    upload(page, "bad.zip", zip_of({"Bad/SKILL.md": "---\nname: Bad\n---\n", "Bad/x": "1", "Bad/X": "2"}))
    expect(page.get_by_text("This package was rejected. 4 problems to fix:")).to_be_visible()
    for code in ("name-invalid", "field-missing", "body-empty", "path-collision"):
        expect(page.get_by_text(code, exact=True)).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Discarded bad.zip.")).to_be_visible()


def test_packages_text_is_shown_and_never_run(page: Page) -> None:
    hostile = (
        "<script>document.title='owned'</script> <img src=x onerror=\"document.title='owned'\"> "
        "[link](javascript:document.title='owned') ![pixel](https://example.com/pixel.png)"
    )
    upload(
        page, "<b>x.zip", zip_of({"SKILL.md": skill_md("hostile", hostile, foo="'<script>1</script>'"), "<i>.md": ""})
    )
    expect(page.get_by_text("hostile is a new skill")).to_be_visible()
    assert "owned" not in page.title()
    markdown = page.locator(".sk-markdown")
    assert markdown.locator("script, img, [onerror]").count() == 0
    assert markdown.locator("a[href^=javascript]").count() == 0
    assert page.locator("i, b").count() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/admin/?days=90",
        "/admin/invocations/invocation/?text=x&slower_than=1",
        "/admin/skills_registry/skill/1/usage/?days=1",
        "/admin/skills_registry/skill/",
        "/admin/skills_registry/skill/upload/",
        "/admin/skills_registry/skill/1/change/",
        "/admin/skills_registry/skill/1/versions/",
        "/admin/skills_registry/skill/1/history/",
        "/admin/skills_registry/skill/1/versions/1/",
        "/admin/skills_registry/skill/1/deactivate/",
    ],
)
def test_page_fits_a_narrow_window(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(path)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360, f"the page is {width} pixels wide"


def call_in_the_log(server: Server, page: Page) -> None:
    """A call for a name that no skill has, until the log shows it."""
    text_for_agents(server, "no-such-thing")

    def logged() -> bool:
        page.goto("/admin/invocations/invocation/?skill=no-such-thing&exact=on")
        return page.locator("td.field-skill").count() > 0

    wait_until(logged, "the call is not in the log")


def test_chart_shows_another_time_and_its_numbers_as_a_table(server: Server, page: Page) -> None:
    call_in_the_log(server, page)
    page.goto("/admin/")
    page.get_by_role("link", name="90 days").click()
    page.wait_for_url("**/admin/?days=90")
    expect(page.get_by_role("img", name="Calls in 90 days")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Calls in 90 days").get_by_role("row")).to_have_count(91)
    page.get_by_role("link", name="24 hours").click()
    expect(page.get_by_role("img", name="Calls in 24 hours")).to_be_visible()


def test_gateway_says_that_it_serves(page: Page) -> None:
    def serving() -> bool:
        page.goto("/admin/")
        return page.get_by_text("serving", exact=True).count() == 1

    wait_until(serving, "the home page does not say that the gateway serves", every=0.5)


def test_calls_are_found_by_a_part_of_a_name(server: Server, page: Page) -> None:
    call_in_the_log(server, page)
    page.goto("/admin/invocations/invocation/")
    page.get_by_label("Skill", exact=True).fill("SUCH-TH")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("td.field-skill").first).to_contain_text("no-such-thing")
    page.get_by_label("Match whole names").check()
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No calls match this filter.")).to_be_visible()


def test_language_is_chosen_on_the_page_to_sign_in(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/admin/login/")
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
