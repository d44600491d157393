"""Publish, rollback and deactivate through the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from skills_registry import services
from skills_registry.models import Publication, SkillVersion

from .conftest import live, publish
from .support.api import Api
from .support.packages import package

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


@pytest.fixture(autouse=True)
def three_versions(db: None) -> None:
    """v1 was live, v2 is live, v3 waits."""
    publish(body="one")
    publish(body="two")
    services.create_version(package(body="three"))


def history() -> list[str]:
    return list(Publication.objects.values_list("action", flat=True))


@pytest.mark.django_db(transaction=True)
def test_publish_makes_the_version_live_and_answers_with_the_change(api: Api) -> None:
    answer = api.post("skills/greeter/publish/", version=3, reason="ready")

    assert answer.status_code == 200
    change = answer.json()
    assert change == {
        "action": "publish",
        "version": 3,
        "previous": 2,
        "generation": change["generation"],
        "actor": "olga",
        "reason": "ready",
        "created_at": change["created_at"],
        "served": "yes",
        "pending_since": None,
    }
    assert live() == "v3"


def test_publishing_an_older_version_is_a_rollback(api: Api) -> None:
    assert api.post("skills/greeter/publish/", version=1).json()["action"] == "rollback"
    assert live() == "v1"


@pytest.mark.parametrize("body", [{}, {"version": None}, {"version": 1}, {"version": 1, "expected_live": 2}])
def test_rollback_goes_back_to_what_was_live_before(api: Api, body: dict[str, Any]) -> None:
    answer = api.post("skills/greeter/rollback/", **body)

    assert (answer.status_code, answer.json()["action"], answer.json()["version"]) == (200, "rollback", 1)
    assert live() == "v1"


def test_deactivate_stops_serving_and_publish_brings_it_back(api: Api) -> None:
    answer = api.post("skills/greeter/deactivate/", reason="broken", expected_live=2)
    assert (answer.status_code, answer.json()["action"], answer.json()["version"]) == (200, "deactivate", None)
    assert live() is None

    assert api.post("skills/greeter/publish/", version=2, expected_live=None).status_code == 200
    assert live() == "v2"


def test_change_needs_no_body_where_nothing_must_be_said(api: Api) -> None:
    assert api.client.post("/api/v1/skills/greeter/rollback/").status_code == 200
    assert api.client.post("/api/v1/skills/greeter/deactivate/").status_code == 200
    assert live() is None


def test_form_does_what_json_does(api: Api) -> None:
    assert api.client.post("/api/v1/skills/greeter/publish/", {"version": "3"}).status_code == 200
    assert live() == "v3"


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("publish", {"version": 2}, "greeter v2 is already live."),
        ("publish", {"version": 3, "expected_live": 1}, "This skill changed while you were looking: v2 is live."),
        ("publish", {"version": 3, "expected_live": None}, "This skill changed while you were looking: v2 is live."),
        ("rollback", {"expected_live": 3}, "This skill changed while you were looking: v2 is live."),
        ("rollback", {"version": 2}, "v2 is not older than v2"),
        ("rollback", {"version": 3}, "v3 is not older than v2"),
        ("deactivate", {"expected_live": 1}, "This skill changed while you were looking: v2 is live."),
        ("deactivate", {"expected_live": None}, "This skill changed while you were looking: v2 is live."),
    ],
)
def test_change_that_does_not_fit_is_409_and_changes_nothing(
    api: Api, path: str, body: dict[str, Any], reason: str
) -> None:
    before = history()

    answer = api.post(f"skills/greeter/{path}/", body)
    assert answer.status_code == 409
    assert list(answer.json()) == ["detail"]
    assert answer.json()["detail"].startswith(reason)
    assert (live(), history()) == ("v2", before)


@pytest.mark.parametrize(
    ("path", "reason"),
    [("rollback", "greeter is not live"), ("deactivate", "greeter is not live")],
)
def test_skill_that_is_not_live_is_409(api: Api, path: str, reason: str) -> None:
    api.post("skills/greeter/deactivate/")

    answer = api.post(f"skills/greeter/{path}/")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith(reason)


def test_first_version_has_nothing_to_go_back_to(api: Api) -> None:
    publish("other")
    answer = api.post("skills/other/rollback/")
    assert (answer.status_code, live("other")) == (409, "v1")


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("skills/nobody/publish/", {"version": 1}, "There is no skill nobody."),
        ("skills/nobody/rollback/", {}, "There is no skill nobody."),
        ("skills/nobody/deactivate/", {}, "There is no skill nobody."),
        ("skills/greeter/publish/", {"version": 9}, "There is no such version."),
        ("skills/greeter/publish/", {"version": 2**62}, "There is no such version."),
    ],
)
def test_skill_or_version_that_is_not_there_is_404(api: Api, path: str, body: dict[str, Any], detail: str) -> None:
    answer = api.post(path, body)
    assert (answer.status_code, answer.json()) == (404, {"detail": detail})
    assert live() == "v2"


def test_version_that_is_still_being_stored_is_404(api: Api) -> None:
    SkillVersion.objects.filter(number=3).update(state="storing")
    assert api.post("skills/greeter/publish/", version=3).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("publish", {}, ["version"]),
        ("publish", {"version": None}, ["version"]),
        ("publish", {"version": "v3"}, ["version"]),
        ("publish", {"version": 0}, ["version"]),
        ("publish", {"version": True}, ["version"]),
        ("publish", {"version": [3]}, ["version"]),
        ("publish", {"version": 3, "expected_live": "two"}, ["expected_live"]),
        ("publish", {"version": 3, "expected_live": 0}, ["expected_live"]),
        ("publish", {"version": 3, "reason": {"a": 1}}, ["reason"]),
        ("publish", {"version": 3, "reason": "r" * 10_001}, ["reason"]),
        ("publish", {"version": 3, "reason": "\0"}, ["reason"]),
        ("publish", {"version": 10**30}, ["version"]),
        ("publish", {"version": 3, "note": "n"}, ["note"]),
        ("publish", {"number": 3, "why": "w"}, ["number", "version", "why"]),
        ("rollback", {"verison": 1}, ["verison"]),
        ("rollback", {"version": -1}, ["version"]),
        ("deactivate", {"version": 2}, ["version"]),
        ("deactivate", {"expected-live": 1}, ["expected-live"]),
        ("deactivate", [], ["body"]),
        ("publish", 3, ["body"]),
    ],
)
def test_body_that_is_wrong_is_400_with_the_fields_names(api: Api, path: str, body: Any, wrong: list[str]) -> None:
    before = history()

    answer = api.post(f"skills/greeter/{path}/", body)
    assert answer.status_code == 400
    assert sorted(answer.json()["fields"]) == wrong
    assert all(f"{name}: " in answer.json()["detail"] for name in wrong)
    assert (live(), history()) == ("v2", before)


@pytest.mark.parametrize(
    "body", [b"{", b"null", b'{"version": 3', b"\xff\xfe", b'{"version": NaN}', b'"now"', b"[" * 100_000, b'"\\ud800"']
)
def test_body_that_is_no_json_object_is_400(api: Api, body: bytes) -> None:
    answer = api.client.generic("POST", "/api/v1/skills/greeter/publish/", body, "application/json")

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json()["detail"]
    assert live() == "v2"


def test_second_of_two_scripts_that_saw_the_same_is_told(api: Api, operator: User) -> None:
    other = Api(operator)
    assert api.post("skills/greeter/publish/", version=3, expected_live=2).status_code == 200

    answer = other.post("skills/greeter/rollback/", expected_live=2)
    assert (answer.status_code, live()) == (409, "v3")
