"""Long lists: what people read comes first, the rest is folded and can be filtered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from skills_registry import services

from .browser_world import prepared
from .chromium import drop, needs_chromium
from .conftest import publish
from .packages import package, skill_md, zip_of
from .pages import SKILLS, staged
from .server import DAPHNE, Server

pytest_plugins = ["tests.browser"]
FILES = {f"references/{number}.md": f"text {number}" for number in range(60)}


def headings(text: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", text)


@pytest.mark.django_db
def test_files_come_after_what_people_read_and_are_folded(browser: Client) -> None:
    skill = publish(files=FILES).skill
    services.create_version(package(files=dict.fromkeys(FILES, "changed")))
    review = staged(browser, zip_of({"SKILL.md": skill_md("new"), **FILES}), "new.zip")
    for address in (f"{SKILLS}{skill.pk}/versions/1/", review):
        page = browser.get(address).text
        assert headings(page)[-3:] == ["SKILL.md", "Frontmatter", "Files"]
        assert page.count('<details class="sk-long">') == 1
    publishing = browser.get(f"{SKILLS}{skill.pk}/publish/2/").text
    assert publishing.index('name="expected_live"') < publishing.index('<details class="sk-long">')


@pytest.mark.django_db
def test_short_lists_are_as_they_were(browser: Client) -> None:
    skill = publish(files={"a.txt": "1"}).skill
    assert "sk-long" not in browser.get(f"{SKILLS}{skill.pk}/versions/1/").text
    assert "sk-long" not in browser.get(f"{SKILLS}{skill.pk}/history/").text


@pytest.mark.django_db
def test_many_versions_are_compared_by_a_button_above_them(browser: Client) -> None:
    skill = publish(body="0").skill
    for number in range(1, 32):
        services.create_version(package(body=str(number)))
    page = browser.get(f"{SKILLS}{skill.pk}/versions/").text
    assert page.index("Compare the two selected") < page.index("<table")
    assert '<div class="sk-long">' in page
    assert '<div class="sk-long">' in browser.get(f"{SKILLS}{skill.pk}/history/").text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("long") / "data"
    prepared(data, "people")
    with Server(DAPHNE, data, MCP_REQUIRE_AUTH="false") as running:
        yield running


@needs_chromium
def test_long_lists_are_filtered_while_somebody_types(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{SKILLS}upload/")
    drop(page, {"long.zip": zip_of({"SKILL.md": skill_md("long"), **FILES})})
    page.get_by_role("button", name="Create version").click()
    page.get_by_text("Show all 62 rows").click()
    rows = page.locator(".sk-long tbody tr:visible")
    expect(rows).to_have_count(62)
    page.get_by_label("Filter").fill("59.md")
    expect(rows).to_have_count(1)
    expect(page.get_by_text("1 of 62")).to_be_visible()
    page.get_by_label("Filter").fill("")
    expect(rows).to_have_count(62)

    page.goto(re.sub("versions/1/$", "files/1/", page.url))
    page.get_by_label("Filter").fill("59.md")
    expect(page.locator(".sk-tree a:visible")).to_have_text(["59.md"])
    page.get_by_label("Filter").fill("no such file")
    expect(page.locator(".sk-tree a:visible")).to_have_count(0)
