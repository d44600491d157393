"""What all pages of the admin share: policy, language, time zone, navigation, label, palette, styles that fit them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import unfold
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client

from invocations.events import InvocationEvent
from invocations.stores import get_store
from skills_registry.models import Skill

from .conftest import permissions
from .support.pages import LOG, SKILLS, text_of
from .support.server import ROOT

pytestmark = pytest.mark.django_db

PAGES = ["/admin/", SKILLS, f"{SKILLS}upload/", LOG, "/admin/auth/user/", "/admin/auth/group/add/", "/admin/login/"]


def navigation(client: Client) -> list[str]:
    """The titles of the entries that are shown."""
    page = client.get("/admin/").text
    return [
        re.sub(r"<[^>]+>", "", entry).split(maxsplit=1)[1].strip()
        for entry in re.findall(
            r"<li>(.*?)</li>", page[page.index('id="nav-sidebar-apps"') : page.index('id="main"')], re.S
        )
    ]


@pytest.mark.parametrize("path", [*PAGES, "/api/v1/skills/", "/nowhere/"])
def test_every_answer_allows_only_what_this_server_sends(browser: Client, path: str) -> None:
    policy = browser.get(path).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_script_style_or_address_that_the_policy_would_refuse(browser: Client, path: str) -> None:
    page = browser.get(path).text
    assert re.findall(r"<script(?![^>]*(?:\ssrc=|application/json))", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []


def test_every_file_that_a_page_loads_is_shipped(browser: Client) -> None:
    loaded = re.findall(r'(?:src|href)="/static/([^"]+)"', browser.get(SKILLS).text)
    assert len(loaded) > 10
    assert [name for name in loaded if not finders.find(name)] == []


def test_our_frame_is_made_for_the_unfold_that_is_installed() -> None:
    """Where this fails, compare the new `skeleton.html` with ours, and the expressions with `shell.js`."""
    pinned = re.search(r"^django-unfold==([\d.]+)", (ROOT / "requirements/runtime.txt").read_text(), re.M)
    ours = (ROOT / "templates/unfold/layouts/skeleton.html").read_text()
    assert pinned is not None
    assert f"of {pinned[1]})" in ours
    assert (Path(unfold.__file__).parent / "templates/unfold/layouts/skeleton.html").exists()


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ([], []),
        (["view_skill"], ["Skills"]),
        (["view_skill", "upload_skill"], ["Skills", "Upload", "Reviews"]),
        (["view_invocation"], ["Calls"]),
        (["view_user", "view_group", "view_accesstoken"], ["Access tokens", "Users", "Groups"]),
    ],
)
def test_navigation_shows_what_one_may_see(client: Client, held: list[str], shown: list[str]) -> None:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)
    assert [entry for entry in navigation(client) if entry not in ("Home", "Connect a client")] == shown


def test_environment_is_named_on_every_page(browser: Client, settings: Any) -> None:
    assert "staging" not in browser.get("/admin/").text
    settings.ENVIRONMENT_LABEL = "staging"
    assert "staging" in text_of(browser.get(SKILLS))


@pytest.mark.parametrize(
    ("cookie", "shown"),
    [
        ("Europe/Berlin", ["2026-07-01 14:00:00", "Times in Europe/Berlin (UTC+0200)"]),
        ("", ["2026-07-01 12:00:00", "Times in UTC"]),
        ("No/Such_Zone", ["2026-07-01 12:00:00", "Times in UTC"]),
        ("../../etc/passwd", ["2026-07-01 12:00:00", "Times in UTC"]),
    ],
)
def test_times_are_shown_in_the_readers_zone(browser: Client, cookie: str, shown: list[str], settings: Any) -> None:
    get_store().write_batch(
        [InvocationEvent("greeter", "tools/call", "error", datetime(2026, 7, 1, 12, tzinfo=UTC), 1.0)]
    )
    browser.cookies["timezone"] = cookie
    page = text_of(browser.get(LOG))
    assert shown[0] in page
    assert re.sub(r"UTC\+0[12]00", "UTC+0200", shown[1]) in re.sub(r"UTC\+0[12]00", "UTC+0200", page)


def test_language_is_chosen_in_the_menu_and_kept(browser: Client) -> None:
    assert '<html lang="en"' in browser.get("/admin/").text
    assert browser.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"}).status_code == 302
    assert '<html lang="zh-hans"' in browser.get("/admin/").text


@pytest.mark.parametrize(
    ("page", "entry"), [("", "Skills"), ("1/versions/", "Skills"), ("upload/", "Upload"), ("reviews/", "Reviews")]
)
def test_one_entry_of_the_navigation_is_marked_as_where_one_is(browser: Client, page: str, entry: str) -> None:
    Skill.objects.create(pk=1, name="greeter")
    marked = re.findall(r'<a href="[^"]*" class="[^"]* active">(.*?)</a>', browser.get(f"{SKILLS}{page}").text, re.S)
    assert [re.sub(r"<[^>]+>", "", text).split()[-1] for text in marked] == [entry]
