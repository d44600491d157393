"""What the API says of skills, versions and publications."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from invocations.events import InvocationEvent
from invocations.stores import get_store
from skills_registry import services
from skills_registry.models import Skill, SkillVersion

from .conftest import publish
from .support.api import Api
from .support.packages import package

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


def names(answer: Any) -> list[str]:
    return [skill["name"] for skill in answer.json()["results"]]


def test_empty_registry_is_an_empty_list(api: Api) -> None:
    assert api.get("skills/").json() == {"next": None, "results": []}


def test_skill_tells_status_versions_and_calls(api: Api, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        publish(body="one")
        services.create_version(package(body="two"))
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", at, 1.5)])

    skill = api.get("skills/greeter/").json()
    assert skill == {
        "name": "greeter",
        "status": "active",
        "description": "Greets people. Use when somebody arrives.",
        "tags": [],
        "owner": None,
        "live_version": 1,
        "latest_version": 2,
        "waiting_version": 2,
        "review": "",
        "published_at": skill["published_at"],
        "calls": 1,
        "last_call": "2026-11-22T10:00:00Z",
        "created_at": skill["created_at"],
        "deleted_at": None,
        "served": "yes",
        "pending_since": None,
    }
    assert api.get("skills/").json()["results"] == [skill]


def test_skill_that_was_never_published_has_nulls_for_what_is_live(api: Api) -> None:
    services.create_version(package())

    skill = api.get("skills/greeter/").json()
    assert (skill["status"], skill["latest_version"], skill["calls"]) == ("draft", 1, 0)
    nothing = ("live_version", "description", "published_at", "last_call")
    assert [skill[field] for field in nothing] == [None] * 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "active"}, ["served"]),
        ({"status": "inactive"}, ["retired"]),
        ({"status": "draft"}, ["fresh"]),
        ({}, ["fresh", "retired", "served"]),
    ],
)
def test_list_shows_the_skills_in_one_status(api: Api, query: dict[str, str], expected: list[str]) -> None:
    publish("served")
    services.deactivate(publish("retired").skill)
    services.create_version(package("fresh"))

    assert names(api.get("skills/", **query)) == expected


def test_pages_of_skills_have_no_gaps_and_no_doubles(api: Api) -> None:
    expected = [f"skill-{number:02}" for number in range(7)]
    for name in reversed(expected):
        services.create_version(package(name))

    pages = api.pages("skills/", limit=3)
    assert [[skill["name"] for skill in page] for page in pages] == [expected[:3], expected[3:6], expected[6:]]


def test_next_page_keeps_the_filter(api: Api) -> None:
    for name in ("a", "b", "c"):
        publish(name)
    services.create_version(package("bb"))

    pages = api.pages("skills/", status="active", limit=1)
    assert [skill["name"] for page in pages for skill in page] == ["a", "b", "c"]


def test_last_page_that_is_full_has_no_next(api: Api) -> None:
    publish("a")
    publish("b")
    assert api.get("skills/", limit=2).json()["next"] is None


def test_skill_created_between_two_pages_moves_nothing(api: Api) -> None:
    for name in ("b", "d", "f"):
        services.create_version(package(name))
    first = api.get("skills/", limit=2)
    services.create_version(package("a"))

    assert names(first) == ["b", "d"]
    assert names(api.client.get(first.json()["next"])) == ["f"]


@pytest.mark.parametrize("size", [1, 30])
def test_list_of_skills_asks_as_often_for_many_as_for_one(api: Api, size: int, django_assert_num_queries: Any) -> None:
    for number in range(size):
        publish(f"skill-{number}")
    # Expect 4 queries:
    # * the token with its owner
    # * that the token was used
    # * skills with their live versions and newest numbers
    # * calls
    with django_assert_num_queries(4):
        assert len(api.get("skills/").json()["results"]) == size


def test_versions_come_newest_first_without_their_contents(api: Api, operator: User) -> None:
    publish(body="one")
    services.create_version(package(body="two"), user=operator, note="second")

    second, first = api.get("skills/greeter/versions/").json()["results"]
    version = SkillVersion.objects.get(number=2)
    assert second == {
        "version": 2,
        "live": False,
        "digest": version.digest,
        "size": version.size,
        "note": "second",
        "review": "",
        "yanked_at": None,
        "yank_reason": "",
        "uploaded_by": "olga",
        "created_at": second["created_at"],
    }
    assert (first["version"], first["live"], first["uploaded_by"]) == (1, True, None)


def test_ten_follows_nine_in_pages_of_versions(api: Api) -> None:
    for number in range(1, 12):
        services.create_version(package(body=f"text {number}"))

    pages = api.pages("skills/greeter/versions/", limit=4)
    assert [[version["version"] for version in page] for page in pages] == [[11, 10, 9, 8], [7, 6, 5, 4], [3, 2, 1]]


def test_version_tells_everything_about_its_package(api: Api) -> None:
    publish(files={"scripts/run.py": "print()"}, colour="blue")

    version = api.get("skills/greeter/versions/1/").json()
    assert (version["skill"], version["version"], version["live"]) == ("greeter", 1, True)
    assert version["frontmatter"]["colour"] == "blue"
    assert [file["path"] for file in version["files"]] == ["SKILL.md", "scripts/run.py"]
    assert set(version["files"][0]) == {"path", "size", "sha256", "media_type"}
    assert [warning["code"] for warning in version["warnings"]] != []
    assert version["findings"] == []


def test_version_that_is_still_being_stored_is_not_shown(api: Api) -> None:
    services.create_version(package())
    SkillVersion.objects.update(state="storing")

    assert api.get("skills/greeter/versions/").json()["results"] == []
    assert api.get("skills/greeter/versions/1/").status_code == 404


@pytest.mark.parametrize("size", [1, 30])
def test_list_of_versions_asks_as_often_for_many_as_for_one(
    api: Api, operator: User, size: int, django_assert_num_queries: Any
) -> None:
    for number in range(size):
        services.create_version(package(body=f"text {number}"), user=operator)
    # Expect 4 queries:
    # * the token with its owner
    # * that the token was used
    # * the skill
    # * its versions with who uploaded them
    with django_assert_num_queries(4) as queries:
        assert len(api.get("skills/greeter/versions/").json()["results"]) == size
    assert '"frontmatter"' not in queries[-1]["sql"]


def test_publications_tell_who_changed_what_and_why(api: Api, operator: User) -> None:
    publish(body="one")
    publish(body="two")
    services.rollback(Skill.objects.get(), actor=operator, reason="broken")
    services.deactivate(Skill.objects.get(), actor=operator)

    history = api.get("skills/greeter/publications/").json()["results"]
    assert [(p["action"], p["previous"], p["version"], p["actor"], p["reason"]) for p in history] == [
        ("deactivate", 1, None, "olga", ""),
        ("rollback", 2, 1, "olga", "broken"),
        ("publish", 1, 2, None, ""),
        ("publish", None, 1, None, ""),
    ]
    pages = api.pages("skills/greeter/publications/", limit=3)
    assert [publication for page in pages for publication in page] == history
    assert [len(page) for page in pages] == [3, 1]


@pytest.mark.parametrize(
    "path",
    [
        "skills/nobody/",
        "skills/nobody/versions/",
        "skills/nobody/versions/1/",
        "skills/nobody/publications/",
        "skills/nobody/logs/",
        "skills/greeter/versions/2/",
        "skills/greeter/versions/0/",
        "skills/greeter/versions/one/",
        "skills/Greeter/",
        "skills/..%2fgreeter/",
        "nothing/",
        "",
    ],
)
def test_what_is_not_there_is_404_in_json(api: Api, path: str) -> None:
    publish()

    answer = api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        ("skills/", {"limit": 0}, "limit"),
        ("skills/", {"limit": 501}, "limit"),
        ("skills/", {"limit": "many"}, "limit"),
        ("skills/", {"status": "live"}, "status"),
        ("skills/", {"cursor": "\0"}, "cursor"),
        ("skills/", {"page": 2}, "page"),
        ("skills/greeter/versions/", {"cursor": "two"}, "cursor"),
        ("skills/greeter/publications/", {"cursor": "-1"}, "cursor"),
    ],
)
def test_query_that_cannot_be_meant_is_400_with_the_parameters_name(
    api: Api, path: str, query: dict[str, Any], wrong: str
) -> None:
    publish()

    answer = api.get(path, **query)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [wrong]
    assert answer.json()["detail"].startswith(f"{wrong}: ")


def test_paths_answer_without_the_slash_too(api: Api) -> None:
    publish()
    assert api.get("skills/greeter").json() == api.get("skills/greeter/").json()


def test_skill_may_have_the_name_of_a_path(api: Api) -> None:
    for name in ("validate", "versions", "logs"):
        publish(name)
        assert api.get(f"skills/{name}/").json()["name"] == name
        assert api.get(f"skills/{name}/versions/").json()["results"][0]["version"] == 1
