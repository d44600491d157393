"""What a token may do through the API: by its scopes, and only to the skills that it is for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.urls import get_resolver
from rest_framework.views import APIView

from invocations.events import InvocationEvent
from invocations.stores import get_store
from skills_registry import services
from skills_registry.api.urls import router
from skills_registry.models import Skill

from .conftest import publish
from .support.api import Api
from .support.packages import package, skill_md, zip_of

pytestmark = pytest.mark.django_db

READS: dict[str, Callable[[Api, str], Any]] = {
    "skill": lambda api, name: api.get(f"skills/{name}/"),
    "versions": lambda api, name: api.get(f"skills/{name}/versions/"),
    "version": lambda api, name: api.get(f"skills/{name}/versions/1/"),
    "publications": lambda api, name: api.get(f"skills/{name}/publications/"),
    "its log": lambda api, name: api.get(f"skills/{name}/logs/"),
}
CHANGES: dict[str, Callable[[Api, str], Any]] = {
    "upload": lambda api, name: api.upload(zip_of({"SKILL.md": skill_md(name, body="changed")})),
    "upload and publish": lambda api, name: api.upload(zip_of({"SKILL.md": skill_md(name, "new")}), publish="true"),
    "publish": lambda api, name: api.post(f"skills/{name}/publish/", version=1),
    "rollback": lambda api, name: api.post(f"skills/{name}/rollback/"),
    "deactivate": lambda api, name: api.post(f"skills/{name}/deactivate/"),
    "delete": lambda api, name: api.client.delete(f"/api/v1/skills/{name}/versions/3/"),
}
HIDDEN, UNKNOWN = "payroll", "nothing"
DEFAULT = APIView.permission_classes


@pytest.fixture
def skills(operator: User) -> None:
    """Three skills with three versions and a call each; two are for `restricted` tokens."""
    for name, tags in (("greeter", []), ("invoices", ["finance", "team-a"]), (HIDDEN, ["secret"])):
        publish(name, "one")
        publish(name, "two")
        services.create_version(package(name, "never published"))
        services.set_tags(Skill.objects.get(name=name), tags, actor=operator)
    calls = [
        InvocationEvent(skill=name, method="tools/call", status="success", invoked_at=datetime.now(UTC), duration_ms=1)
        for name in ("greeter", "invoices", HIDDEN, UNKNOWN)
    ]
    get_store().write_batch(calls)


@pytest.fixture
def restricted(operator: User, skills: None) -> Api:
    return Api(operator, skills=["greeter"], tags=["team-a"])


def state() -> list[Any]:
    return list(Skill.objects.order_by("name").values_list("name", "live_version__number", "last_number"))


@pytest.mark.parametrize("action", READS)
def test_reading_needs_the_scope_for_reading(operator: User, skills: None, action: str) -> None:
    assert READS[action](Api(operator, scopes=["skills:read"]), "greeter").status_code == 200

    answer = READS[action](Api(operator, scopes=["skills:write"]), "greeter")
    assert answer.status_code == 403
    assert answer.json()["detail"] == "The access token lacks the scope skills:read."
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="skills:read"'


@pytest.mark.parametrize("action", CHANGES)
def test_changing_needs_the_scope_for_writing(operator: User, skills: None, action: str) -> None:
    before = state()

    answer = CHANGES[action](Api(operator, scopes=["skills:read"]), "greeter")

    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="skills:write"'
    assert state() == before
    assert CHANGES[action](Api(operator, scopes=["skills:write"]), "greeter").status_code in (200, 201, 204)


def test_no_view_does_without_the_scopes() -> None:
    for _, viewset, _ in router.registry:
        assert "TokenScope" in {permission.__name__ for permission in vars(viewset).get("permission_classes", DEFAULT)}


def test_scopes_give_no_rights_that_the_owner_has_not(author: User, skills: None) -> None:
    assert CHANGES["publish"](Api(author), "greeter").status_code == 403


def test_list_holds_what_the_token_is_for(restricted: Api) -> None:
    assert [skill["name"] for page in restricted.pages("skills/", limit=1) for skill in page] == ["greeter", "invoices"]
    assert restricted.get("skills/", status="active").json()["next"] is None


@pytest.mark.parametrize("action", [*READS, *CHANGES])
def test_hidden_skill_is_answered_as_one_that_is_not_there(restricted: Api, action: str) -> None:
    before = state()
    ask = {**READS, **CHANGES}[action]

    hidden, unknown = (ask(restricted, name) for name in (HIDDEN, UNKNOWN))

    assert hidden.status_code == unknown.status_code == (403 if action.startswith("upload") else 404)
    assert hidden.text.replace(HIDDEN, UNKNOWN) == unknown.text
    assert state() == before


@pytest.mark.parametrize("name", ["greeter", "invoices"])
@pytest.mark.parametrize("action", [*READS, *CHANGES])
def test_skill_that_the_token_is_for_is_read_and_changed(restricted: Api, name: str, action: str) -> None:
    assert {**READS, **CHANGES}[action](restricted, name).status_code in (200, 201, 204)


def test_every_path_about_a_skill_is_among_those_that_are_tried(restricted: Api) -> None:
    """A path that is added is asked, too: whatever it answers, it does not find the hidden skill."""
    for pattern in get_resolver("skills_registry.api.urls").url_patterns:
        path = re.sub(r"\(\?P<number>[^)]*\)", "1", str(pattern.pattern)).strip("^$").removesuffix("/?")
        if "(?P<name>" not in path:
            continue
        hidden, unknown = (re.sub(r"\(\?P<name>[^)]*\)", name, path) for name in (HIDDEN, UNKNOWN))
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            answers = [restricted.client.generic(method, f"/api/v1/{path}/") for path in (hidden, unknown)]
            assert answers[0].status_code == answers[1].status_code, (method, path)
            assert answers[0].status_code >= 400, (method, path)
            assert answers[0].text.replace(HIDDEN, UNKNOWN) == answers[1].text, (method, path)


def test_token_for_a_name_that_is_free_makes_that_skill(operator: User, skills: None) -> None:
    api = Api(operator, skills=["newcomer"])
    assert CHANGES["upload and publish"](api, "newcomer").status_code == 201
    assert [skill["name"] for skill in api.get("skills/").json()["results"]] == ["newcomer"]


def test_token_for_tags_makes_no_skill_that_brings_its_own_tag(operator: User, skills: None) -> None:
    md = "---\nname: newcomer\ndescription: A. Use when b.\nmetadata:\n  tags: team-a\n---\n\nText.\n"
    answer = Api(operator, tags=["team-a"]).upload(zip_of({"SKILL.md": md}))
    assert answer.status_code == 403
    assert not Skill.objects.filter(name="newcomer").exists()


def test_log_holds_the_calls_of_what_the_token_is_for(restricted: Api, operator: User) -> None:
    assert {call["skill"] for call in Api(operator).get("logs/").json()["results"]} == {
        "greeter", "invoices", HIDDEN, UNKNOWN,
    }  # fmt: skip
    assert [call["skill"] for call in restricted.get("logs/", skill="invoices").json()["results"]] == ["invoices"]
    assert restricted.get("logs/").status_code == 403
    hidden, unknown = (restricted.get("logs/", skill=name) for name in (HIDDEN, UNKNOWN))
    assert (hidden.status_code, hidden.text.replace(HIDDEN, UNKNOWN)) == (404, unknown.text)


def test_session_sees_everything(operator: User, skills: None) -> None:
    client = Client()
    client.force_login(operator)
    assert len(client.get("/api/v1/skills/").json()["results"]) == 3


def test_list_asks_as_often_for_a_restricted_token(restricted: Api, django_assert_num_queries: Any) -> None:
    restricted.get("skills/")
    # Expect 3 queries:
    # * token with its owner
    # * skills
    # * their calls
    with django_assert_num_queries(3):
        restricted.get("skills/")


def test_database_that_is_away_is_503_and_not_a_wrong_token(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(operator)
    api.client.raise_request_exception = False

    def fail(text: str) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("mcp_gateway.rest.authentication.find_token", fail)
    answer = api.get("skills/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "The database is not responding."
