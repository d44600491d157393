"""Long lists: what people read comes first, the rest is folded and can be filtered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from playwright.sync_api import Page, expect

from skills_registry import services

from .conftest import publish
from .support.browser_world import serving
from .support.chromium import drop, needs_chromium
from .support.packages import package, skill_md, zip_of
from .support.pages import SKILLS, staged
from .support.prepared import Prepared
from .support.server import Server

pytest_plugins = ["tests.support.browser"]
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
    assert page.index("Compare selected") < page.index("<table")
    assert '<div class="sk-long">' in page
    assert '<div class="sk-long">' in browser.get(f"{SKILLS}{skill.pk}/history/").text


@pytest.mark.django_db
def test_what_one_can_do_stands_above_many_errors(browser: Client) -> None:
    files = {f"{name}{number}": "x" for number in range(40) for name in ("a", "A")}
    page = browser.get(staged(browser, zip_of({"SKILL.md": skill_md("bad"), **files}))).text
    assert "40 problems to fix" in page
    assert page.index('name="discard"') < page.index("path-collision")
    assert page.index("Upload another zip") < page.index('class="sk-long"') < page.index("path-collision")


@pytest.mark.django_db
def test_many_findings_are_folded(browser: Client) -> None:
    body = "\n".join(f"{number}: say !`date`." for number in range(40))
    version, _ = services.create_version(package("risky", body))
    assert len(version.findings) > 30
    page = browser.get(f"{SKILLS}{version.skill_id}/versions/1/").text
    assert page.index('<details class="sk-long">') < page.index('class="sk-problems')
    assert page.index('class="sk-problems') < page.index("</details>") < page.index("SKILL.md</h2>")


@pytest.mark.django_db
def test_question_before_a_deletion_stands_above_all_that_is_deleted(browser: Client) -> None:
    group = Group.objects.create(name="everybody")
    users = [User.objects.create_user(f"member-{number}") for number in range(3)]
    group.user_set.set(users)
    page = browser.get(f"/admin/auth/group/{group.pk}/delete/").text
    assert page.index("sure you want to delete the group") < page.index('type="submit" class="sk-button sk-danger"')
    assert page.index('class="sk-button sk-danger"') < page.index("<h2>Objects</h2>")
    chosen = {"action": "delete_selected", "_selected_action": [user.pk for user in users]}
    page = browser.post("/admin/auth/user/", chosen).text
    assert page.index('class="sk-button sk-danger"') < page.index("<h2>Objects</h2>") < page.index("member-2</a>")
    browser.post("/admin/auth/user/", {**chosen, "post": "yes"})
    assert not User.objects.filter(username__startswith="member-").exists()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("long") / "data", prepared.empty, "people") as (running, _made):
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
