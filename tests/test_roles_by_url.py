"""Who gets into which page of the admin, by address: a page without a decision here fails."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import get_resolver

from mcp_gateway.auth import create_token
from skills_registry.models import Skill

from .conftest import publish

pytestmark = pytest.mark.django_db

ANYBODY, STAFF, NOBODY = "anybody", "staff", "nobody"
VIEW, UPLOAD, PUBLISH, CALLS, TOKENS, ADMINISTER = (
    {"viewer", "author", "publisher", "administrator"},
    {"author", "administrator"},
    {"publisher", "administrator"},
    {"viewer", "author", "publisher", "administrator"},
    {"administrator"},
    {"administrator"},
)
SUPERUSERS: set[str] = set()
SKILL, TOKEN, LOG = "skills_registry/skill/", "mcp_gateway/accesstoken/", "invocations/invocation/"
VERSION = f"{SKILL}<int:pk>/versions/<int:number>/"
DECISIONS: dict[str, str | set[str]] = {
    "": STAFF,
    "login/": ANYBODY,
    "logout/": ANYBODY,  # by POST
    "jsi18n/": ANYBODY,
    "password_change/": STAFF,
    "password_change/done/": STAFF,
    "search/": STAFF,  # finds what the user may see
    "autocomplete/": NOBODY,  # no page uses it
    "r/<path:content_type_id>/<path:object_id>/": STAFF,
    "connect/": STAFF,
    "^(?P<app_label>invocations|skills_registry|mcp_gateway|auth)/$": STAFF,  # lists what the user may see
    "(?P<url>.*)$": STAFF,  # not found
    LOG: CALLS,
    f"{LOG}call/": CALLS,
    f"{LOG}follow/": CALLS,
    f"{LOG}export.<str:kind>": CALLS,
    SKILL: VIEW,
    f"{SKILL}<int:pk>/versions/": VIEW,
    f"{SKILL}<int:pk>/history/": VIEW,
    f"{SKILL}<int:pk>/usage/": CALLS,
    f"{SKILL}<int:pk>/compare/": VIEW,
    f"{SKILL}<int:pk>/try/": VIEW,
    f"{SKILL}<int:pk>/access/": VIEW,
    f"{SKILL}reviews/": VIEW,
    f"{SKILL}bulk/": VIEW,  # and each of its operations by its own permission
    f"{SKILL}<int:pk>/files/": VIEW,
    f"{SKILL}<int:pk>/files/<int:number>/": VIEW,
    f"{SKILL}<int:pk>/files/<int:number>/<path:path>": VIEW,
    f"{VERSION}zip/": VIEW,
    f"{VERSION}yank/": PUBLISH,
    f"{VERSION}unyank/": PUBLISH,
    f"{SKILL}<int:pk>/delete/": ADMINISTER,
    f"{SKILL}<int:pk>/restore/": ADMINISTER,
    VERSION: VIEW,
    f"{VERSION}file/<path:path>": VIEW,
    f"{VERSION}review/": VIEW,
    f"{VERSION}edit/": UPLOAD,
    f"{VERSION}edit/text/": UPLOAD,
    f"{VERSION}edit/check/": UPLOAD,
    f"{SKILL}upload/": UPLOAD,
    f"{SKILL}uploads/<uuid:pk>/": UPLOAD,
    f"{SKILL}uploads/<uuid:pk>/compare/": UPLOAD,
    f"{SKILL}uploads/<uuid:pk>/file/<path:path>": UPLOAD,
    f"{SKILL}<int:pk>/publish/<int:number>/": PUBLISH,
    f"{SKILL}<int:pk>/deactivate/": PUBLISH,
    f"{SKILL}<int:pk>/tags/": PUBLISH,
    f"{SKILL}<int:pk>/owner/": ADMINISTER,
    f"{SKILL}<int:pk>/delete/<int:number>/": PUBLISH,
    f"{SKILL}add/": NOBODY,
    f"{SKILL}<path:object_id>/history/": VIEW,
    f"{SKILL}<path:object_id>/change/": VIEW,
    f"{SKILL}<path:object_id>/delete/": ADMINISTER,
    f"{SKILL}<path:object_id>/": STAFF,  # leads to the page
    TOKEN: TOKENS,
    f"{TOKEN}add/": TOKENS,
    f"{TOKEN}revoke/": TOKENS,
    f"{TOKEN}<path:object_id>/change/": TOKENS,
    f"{TOKEN}<path:object_id>/history/": TOKENS,
    f"{TOKEN}<path:object_id>/delete/": NOBODY,
    f"{TOKEN}<path:object_id>/": STAFF,
    "auth/user/<id>/password/": SUPERUSERS,
    **{
        f"auth/{kind}/{page}": SUPERUSERS
        for kind in ("user", "group")
        for page in ("", "add/", *(f"<path:object_id>/{page}/" for page in ("change", "history", "delete")))
    },
    "auth/user/<path:object_id>/": STAFF,
    "auth/group/<path:object_id>/": STAFF,
}
ROLES = ["viewer", "author", "publisher", "administrator", "staff"]


def routes(patterns: Any, before: str = "") -> Iterator[str]:
    """Every path below admin/, as it is written in the code."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        elif route.startswith("admin/"):
            yield route.removeprefix("admin/")


ROUTES = sorted(set(routes(get_resolver().url_patterns)))


@pytest.fixture
def world(db: None) -> dict[str, Any]:
    """A skill with a live version, a token, and one user for each role."""
    import_module("mcpsite.migrations.0001_roles").make_roles(apps, None)
    publish("greeter")
    users = {}
    for role in [*ROLES, "outsider"]:
        users[role] = User.objects.create_user(f"the-{role}", is_staff=role != "outsider")
        users[role].groups.set(Group.objects.filter(name=role))
    token, _ = create_token(users["viewer"], "somebody's")
    return {"users": users, "skill": Skill.objects.get().pk, "token": token.pk}


def address(route: str, world: dict[str, Any]) -> str:
    """A path that the route matches, of something that is there."""
    group = Group.objects.get(name="viewer")
    ids = {SKILL: world["skill"], TOKEN: world["token"], "auth/user/": world["users"]["viewer"].pk}
    own = next((pk for start, pk in ids.items() if route.startswith(start)), group.pk)
    values = {
        "<int:pk>": world["skill"],
        "<int:number>": 1,
        "<uuid:pk>": UUID(int=1),
        "<path:path>": "SKILL.md",
        "<path:object_id>": own,
        "<path:content_type_id>": 1,
        "<id>": own,
        "<str:kind>": "csv",
        "^(?P<app_label>invocations|skills_registry|mcp_gateway|auth)/$": "auth/",
        "(?P<url>.*)$": "nothing-is-here",
    }
    for name, value in values.items():
        route = route.replace(name, str(value))
    return f"/admin/{route}"


def test_every_page_of_the_admin_has_a_decision() -> None:
    assert len(ROUTES) > 40
    assert [route for route in ROUTES if route not in DECISIONS] == []


@pytest.mark.parametrize("route", ROUTES)
def test_page_is_for_the_roles_that_it_is_meant_for(route: str, world: dict[str, Any]) -> None:
    decision, path = DECISIONS[route], address(route, world)
    for role in ROLES:
        browser = Client()
        browser.force_login(world["users"][role])
        answers = [browser.get(path).status_code, browser.post(path).status_code]
        if decision == NOBODY or (isinstance(decision, set) and role not in decision):
            # 405: a page that takes the other method alone
            assert set(answers) <= {403, 405}, (role, answers)
            assert 403 in answers, role
        else:
            assert answers[0] != 403, role


@pytest.mark.parametrize("route", [route for route in ROUTES if DECISIONS.get(route) != ANYBODY])
def test_page_sends_those_who_are_not_of_the_staff_to_log_in(route: str, world: dict[str, Any]) -> None:
    path, outsider = address(route, world), Client()
    outsider.force_login(world["users"]["outsider"])
    for browser in (Client(), outsider):
        for answer in (browser.get(path), browser.post(path)):
            assert answer.status_code == 302
            assert answer.headers["location"].startswith("/admin/login/")
