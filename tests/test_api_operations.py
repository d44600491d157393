"""Tags, owner, yanks, deletion and the audit trail through the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from mcp_gateway.auth import create_token
from skills_registry import services
from skills_registry.models import AuditEvent, Skill, SkillVersion

from .conftest import live, publish
from .support.api import Api
from .support.packages import package

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


@pytest.fixture(autouse=True)
def two_versions(db: None) -> None:
    """v1 is live, v2 waits."""
    publish(body="one", metadata="{tags: fun}")
    services.create_version(package(body="two"))


def test_tags_are_replaced_and_found(api: Api) -> None:
    publish("other")
    answer = api.put("skills/greeter/tags/", tags=["Data", "csv", "data"], reason="sorted")
    assert (answer.status_code, answer.json()["tags"]) == (200, ["csv", "data"])

    assert [one["name"] for one in api.get("skills/", tag="CSV").json()["results"]] == ["greeter"]
    assert api.get("skills/", tag="fun").json()["results"] == []
    assert [one["name"] for one in api.get("skills/", tag="csv", status="active").json()["results"]] == ["greeter"]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"tags": ["two words"]}, "A tag may have"),
        ({"tags": [f"t{number}" for number in range(21)]}, "20 are allowed"),
        ({"tags": "data"}, "tags: "),
        ({"tags": [["data"]]}, "tags: "),
        ({"tags": None}, "tags: "),
        ({}, "tags: "),
        ({"tags": [], "tag": 1}, "tag: "),
    ],
)
def test_tags_that_are_none_are_400(api: Api, body: dict[str, Any], part: str) -> None:
    answer = api.put("skills/greeter/tags/", **body)
    assert (answer.status_code, part in answer.json()["detail"]) == (400, True)
    assert Skill.objects.get().tags == ["fun"]


def test_owner_is_set_by_name_and_taken_away(api: Api, author: User) -> None:
    assert api.put("skills/greeter/owner/", owner="arno", reason="knows it").json()["owner"] == "arno"
    assert api.put("skills/greeter/owner/", owner=None).json()["owner"] is None
    User.objects.filter(pk=author.pk).update(is_active=False)
    for wrong in ("nobody", "arno", "", 3, ["olga"]):
        answer = api.put("skills/greeter/owner/", owner=wrong)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["owner"])


def test_version_is_yanked_and_back(api: Api) -> None:
    address = "skills/greeter/versions/2"
    answer = api.post(f"{address}/yank/", reason="leaks")
    assert (answer.status_code, answer.json()["yank_reason"]) == (200, "leaks")
    assert answer.json()["yanked_at"]
    refused = api.post("skills/greeter/publish/", version=2)
    assert (refused.status_code, "leaks" in refused.json()["detail"]) == (409, True)

    assert api.post(f"{address}/unyank/").json()["yanked_at"] is None
    assert api.post("skills/greeter/publish/", version=2).status_code == 200
    assert api.post(f"{address}/yank/").status_code == 409
    assert api.post("skills/greeter/versions/9/yank/").status_code == 404
    assert api.post("skills/nobody/versions/1/yank/").status_code == 404


def test_skill_is_deleted_and_restored(api: Api) -> None:
    refused = api.post("skills/greeter/delete/", reason="old")
    assert (refused.status_code, "greeter v1 is live" in refused.json()["detail"]) == (409, True)
    assert api.post("skills/greeter/delete/", deactivate=True, expected_live=2).status_code == 409
    assert live() == "v1"

    answer = api.post("skills/greeter/delete/", reason="old", deactivate=True, expected_live=1)
    assert (answer.status_code, answer.json()["status"], live()) == (200, "deleted", None)
    assert answer.json()["deleted_at"]
    assert api.get("skills/").json()["results"] == []
    assert api.post("skills/greeter/publish/", version=1).status_code == 409
    assert api.post("skills/greeter/restore/", reason="needed").json()["status"] == "inactive"
    assert api.post("skills/greeter/restore/").status_code == 409
    assert api.post("skills/greeter/publish/", version=1).status_code == 200


def test_audit_tells_who_did_what_to_a_skill(api: Api) -> None:
    publish("other")
    api.put("skills/greeter/tags/", tags=["data"], reason="sorted")

    newest, *older = api.get("skills/greeter/audit/").json()["results"]
    assert newest == {
        "action": "set_tags",
        "skill": "greeter",
        "version": None,
        "subject": "",
        "actor": "olga",
        "reason": "sorted",
        "before": {"tags": ["fun"]},
        "after": {"tags": ["data"]},
        "created_at": newest["created_at"],
    }
    assert [(event["action"], event["version"]) for event in older] == [
        ("create_version", 2),
        ("publish", 1),
        ("create_version", 1),
    ]


def test_audit_of_everything_comes_in_pages_and_by_filter(api: Api, operator: User) -> None:
    create_token(operator, "CI", actor=operator)
    publish("other")

    pages = api.pages("audit/", limit=2)
    told = [(event["action"], event["skill"] or event["subject"].split()[0]) for page in pages for event in page]
    assert told == [
        ("publish", "other"),
        ("create_version", "other"),
        ("make_token", "CI"),
        ("make_token", "tests"),
        ("create_user", "olga"),
        ("create_version", "greeter"),
        ("publish", "greeter"),
        ("create_version", "greeter"),
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 2]

    def found(**query: str) -> list[tuple[str, str | None]]:
        events = api.get("audit/", **query).json()["results"]
        return [(event["action"], event["skill"]) for event in events]

    assert found(action="publish") == [("publish", "other"), ("publish", "greeter")]
    assert found(action="publish", skill="other") == [("publish", "other")]
    assert found(actor="olga") == [("make_token", None)]
    assert found(actor="nobody") == []
    assert api.get("audit/", action="dance").status_code == 400
    assert api.get("audit/", cursor="x").status_code == 400


@pytest.mark.parametrize("path", ["audit/", "skills/greeter/audit/"])
def test_audit_asks_as_often_for_many_as_for_one(
    api: Api, operator: User, path: str, django_assert_num_queries: Any
) -> None:
    for number in range(30):
        services.set_tags(Skill.objects.get(), [f"t{number}"], actor=operator)
    # Expect 3 queries, and one for the skill where the path names it:
    # * the token with its owner
    # * that the token was used
    # * the events with skills and actors
    with django_assert_num_queries(3 + ("greeter" in path)):
        events = api.get(path).json()["results"]
    assert len(events) == 33 + 2 * (path == "audit/")  # the operator and the token


def test_deleting_a_version_that_was_live_takes_a_yank(api: Api) -> None:
    api.post("skills/greeter/publish/", version=2)
    address = "/api/v1/skills/greeter/versions/1/"
    refused = api.client.delete(address)
    assert (refused.status_code, "Yank it before" in refused.json()["detail"]) == (409, True)
    api.post("skills/greeter/versions/1/yank/")
    assert api.client.delete(address).status_code == 204
    assert SkillVersion.objects.get(number=1).state == "deleted"
    assert AuditEvent.objects.latest("id").actor == User.objects.get(username="olga")


def test_token_for_one_tag_sees_and_changes_only_what_has_it(operator: User, api: Api) -> None:
    hidden, _ = services.create_version(package("hidden"))
    services.request_review(hidden, actor=operator)
    services.request_review(SkillVersion.objects.get(skill__name="greeter", number=2), actor=operator)
    narrow = Api(operator, tags=["fun"])

    assert {event["skill"] for event in narrow.get("audit/").json()["results"]} == {"greeter"}
    assert [one["skill"] for one in narrow.get("reviews/").json()["results"]] == ["greeter"]
    v1 = "skills/hidden/versions/1"
    answers = [
        narrow.get(f"{v1}/download/"),
        narrow.get(f"{v1}/reviews/"),
        narrow.get("skills/hidden/audit/"),
        narrow.put("skills/hidden/tags/", tags=["fun"]),
        narrow.put("skills/hidden/owner/", owner=None),
        narrow.post("skills/hidden/delete/"),
        narrow.post("skills/hidden/restore/"),
        narrow.post(f"{v1}/edit/", changes={"a": "a"}, expected_latest=1),
        *[narrow.post(f"{v1}/{name}/", comment="c") for name in ("approve", "request-review", "send-back")],
        *[narrow.post(f"{v1}/{name}/") for name in ("yank", "unyank")],
    ]
    assert {answer.status_code for answer in answers} == {404}
    answer = narrow.put("skills/greeter/tags/", tags=["other"])
    assert (answer.status_code, answer.json()["tags"]) == (200, ["other"])
    assert narrow.get("skills/greeter/").status_code == 404
