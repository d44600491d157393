"""Signing in, being refused, and the pages of tokens, users and groups: said in words, in the frame of the others."""

from __future__ import annotations

import logging
import logging.config
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from mcp_gateway.models import AccessToken
from skills_registry import services

from .conftest import publish
from .support.pages import SKILLS, text_of

pytestmark = pytest.mark.django_db
TOKENS = "/admin/mcp_gateway/accesstoken/"


def made(browser: Client, operator: User, **fields: Any) -> Any:
    return browser.post(f"{TOKENS}add/", {"name": "CI", "user": operator.pk, "scopes": "skills:read", **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"skills": "greeter greetr"}, "No skill has this name: greetr"),
        ({"tags": "people peple"}, "No skill has this tag: peple"),
        ({"skills": "a-new-one b-new-one"}, "No skill has this name: a-new-one, b-new-one"),
    ],
)
def test_token_for_what_there_is_not_is_refused_unless_that_is_meant(
    browser: Client, operator: User, fields: dict[str, str], said: str
) -> None:
    services.set_tags(publish().skill, ["people"])
    assert said in text_of(made(browser, operator, **fields))
    assert not AccessToken.objects.exists()

    assert "Copy the token now" in text_of(made(browser, operator, **fields, allow_unknown="on"))
    token = AccessToken.objects.get()
    assert " ".join(token.skills or token.tags) == next(iter(fields.values()))


def test_token_for_what_there_is_needs_no_tick(browser: Client, operator: User) -> None:
    services.set_tags(publish().skill, ["people"])
    assert "Copy the token now" in text_of(made(browser, operator, skills="Greeter", tags="People"))


@pytest.mark.parametrize(
    ("staff", "active", "password", "told"),
    [
        (False, True, "sams-password", True),
        (False, True, "wrong", False),
        (False, False, "sams-password", False),
        (True, False, "sams-password", False),
    ],
)
def test_account_that_is_not_for_the_admin_is_told_so_after_the_right_password(
    client: Client, staff: bool, active: bool, password: str, told: bool
) -> None:
    User.objects.create_user("sam", password="sams-password", is_staff=staff, is_active=active)
    page = client.post("/admin/login/", {"username": "sam", "password": password})
    assert page.status_code == 200
    assert ("this account cannot use the admin" in text_of(page)) is told
    assert ("Please enter the correct" in text_of(page)) is not told
    assert "_auth_user_id" not in client.session


REFUSED = {"/admin/nowhere/": 404, f"{SKILLS}999/versions/": 404, "/nowhere": 404, f"{SKILLS}upload/": 403}


@pytest.mark.parametrize(("address", "status"), REFUSED.items())
def test_refusal_is_shown_in_the_frame_to_those_who_are_signed_in(client: Client, address: str, status: int) -> None:
    bare = client.get(address)
    assert 'id="nav-sidebar"' not in bare.text
    client.force_login(User.objects.create_user("sam", is_staff=True, is_superuser=status == 404))
    page = client.get(address)
    assert page.status_code == status
    assert ("Not allowed" if status == 403 else "Not found") in text_of(page)
    assert 'id="nav-sidebar"' in page.text
    assert "Log out" in text_of(page)


def test_refusal_is_shown_without_the_frame_to_those_who_do_not_use_the_admin(client: Client) -> None:
    client.force_login(User.objects.create_user("sam"))
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert 'id="nav-sidebar"' not in page.text


def test_refusal_for_programs_is_json(browser: Client) -> None:
    answer = browser.get("/api/v1/nowhere/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is nothing at /api/v1/nowhere/."})


def test_refusal_is_one_line_of_the_log(client: Client, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    client.force_login(User.objects.create_user("sam", is_staff=True))
    handlers, level = list(logging.root.handlers), logging.root.level
    try:
        logging.config.dictConfig(settings.LOGGING)
        assert client.get(f"{SKILLS}upload/").status_code == 403
        logging.getLogger("tests").error("kept", exc_info=ValueError("with its stack"))
    finally:
        logging.root.handlers[:], logging.root.level = handlers, level
    refused, failure = capsys.readouterr().err.split("kept")
    assert "Forbidden" in refused
    assert "Traceback" not in refused
    assert len(refused.splitlines()) <= 2
    assert "with its stack" in failure


@pytest.mark.parametrize(
    "address", [TOKENS, "/admin/auth/user/", "/admin/auth/group/", f"{TOKENS}add/", "/admin/password_change/"]
)
def test_access_pages_have_the_heading_of_the_others(browser: Client, address: str) -> None:
    page = browser.get(address)
    assert page.text.count("<h1") == 1
    assert '<header class="sk-head">' in page.text
    assert 'aria-label="Breadcrumbs"' in page.text


def test_empty_list_says_so_and_offers_the_first(browser: Client) -> None:
    page = browser.get(TOKENS)
    assert "There are no access tokens yet." in text_of(page)
    assert page.text.count(f'href="{TOKENS}add/"') == 2
    assert "There are no access tokens yet." not in text_of(browser.get(f"{TOKENS}?state=revoked"))
