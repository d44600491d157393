"""The command palette finds pages, skills, versions and tokens, of what the user may see now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from playwright.sync_api import Page, expect

from mcp_gateway.auth import create_token
from skills_registry import services

from .conftest import permissions, publish
from .support.browser_world import serving
from .support.chromium import needs_chromium
from .support.packages import package
from .support.pages import SKILLS, text_of
from .support.prepared import Prepared
from .support.server import Server

pytest_plugins = ["tests.support.browser"]


def found(client: Client, term: str) -> dict[str, str]:
    """Titles and addresses of the results."""
    answer = client.get("/admin/search/", {"s": term})
    assert answer.status_code == 200
    links = re.findall(r'href="([^"]+)".*?<bdi>(.*?)</bdi>', answer.text)
    return {title: address for address, title in links}


@pytest.fixture
def world(operator: User) -> dict[str, int]:
    """Two skills, one with two versions, one deleted; a token."""
    skill = publish("pdf-forms").skill
    services.create_version(package("pdf-forms", "Two."))
    gone = publish("pdf-old").skill
    services.delete_skill(gone, deactivate=True)
    token, _ = create_token(operator, "CI of forms")
    return {"skill": skill.pk, "token": token.pk}


@pytest.mark.django_db
def test_skills_whose_names_begin_with_the_term_come_first(browser: Client) -> None:
    publish("a-reader", description="Reads notes. Use when asked.")
    publish("make-notes")
    publish("notes-of-releases")
    assert list(found(browser, "notes")) == ["notes-of-releases", "make-notes", "a-reader"]


@pytest.mark.django_db
def test_everything_is_found_by_what_it_is_called(browser: Client, world: dict[str, int]) -> None:
    page, token = f"{SKILLS}{world['skill']}/", f"/admin/mcp_gateway/accesstoken/{world['token']}/change/"
    assert found(browser, "pdf") == {"pdf-forms": f"{page}change/"}
    assert token in found(browser, "ci of").values()
    assert set(found(browser, "FORMS").values()) == {f"{page}change/", token}
    for term in ("pdf-forms v2", "pdf-forms 2", "pdf-forms@2", "pdf v2"):
        assert found(browser, term)["pdf-forms v2"] == f"{page}versions/2/", term
    assert found(browser, "pdf-forms v9") == {}
    assert found(browser, "skills") == {"Skills": SKILLS}
    assert found(browser, "acc tok") == {"Access tokens": "/admin/mcp_gateway/accesstoken/"}
    assert found(browser, "password") == {"Change password": "/admin/password_change/"}
    assert "No results." in text_of(browser.get("/admin/search/", {"s": "xyzzy"}))
    assert browser.get("/admin/search/", {"s": " "}).content == b""


@pytest.mark.django_db
def test_nothing_is_found_that_the_user_may_not_see(client: Client, world: dict[str, int]) -> None:
    sam = User.objects.create_user("sam", is_staff=True)
    client.force_login(sam)
    for term in ("pdf", "pdf v2", "CI of", "access", "skills", "users"):
        assert found(client, term) == {}, term

    sam.user_permissions.set([*permissions("view_skill"), Permission.objects.get(codename="view_accesstoken")])
    assert set(found(client, "pdf")) == {"pdf-forms"}
    assert len(found(client, "CI of")) == 1
    sam.user_permissions.clear()
    assert found(client, "pdf") == found(client, "CI of") == {}, "no answer is kept for later"


@pytest.mark.django_db
def test_results_are_for_those_who_are_signed_in(client: Client, world: dict[str, int]) -> None:
    assert client.get("/admin/search/", {"s": "pdf"}).status_code == 302


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("palette") / "data", prepared.empty, "everything") as (running, _made):
        yield running


@needs_chromium
def test_palette_is_used_by_keyboard_search_after_search(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/admin/")
    page.keyboard.press("Control+k")
    field = page.get_by_role("searchbox", name="Search")
    expect(field).to_be_focused()
    results = page.locator("#command-results-list li")
    for term, first in (
        ("greet", "greeter"),
        ("greeter v2", "greeter v2"),
        ("tokens", "Access tokens"),
        ("greeter", "greeter"),
    ):
        field.fill(term)
        expect(results.first.locator("bdi")).to_have_text(first)
        expect(page.locator("#command-results-note")).to_contain_text("result")
    field.fill("no such thing")
    expect(page.get_by_text("No results.")).to_be_visible()
    field.fill("e")
    expect(results.nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(results.nth(1)).to_have_class(re.compile("active"))
    page.keyboard.press("ArrowUp")
    expect(results.nth(0)).to_have_class(re.compile("active"))
    field.fill("greeter v2")
    expect(results.first.locator("bdi")).to_have_text("greeter v2")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/versions/2/$"))
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
