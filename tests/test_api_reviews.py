"""Reviews through the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from skills_registry import services
from skills_registry.models import Skill, SkillVersion

from .conftest import live, permissions, publish
from .support.api import Api
from .support.packages import package

pytestmark = pytest.mark.django_db
V1 = "skills/greeter/versions/1"


@pytest.fixture
def reviewer(operator: User) -> Api:
    return Api(operator)


@pytest.fixture
def writer(author: User) -> Api:
    """Who made v1."""
    services.create_version(package(), user=author)
    return Api(author)


def waiting(api: Api) -> list[tuple[str, int]]:
    return [(one["skill"], one["version"]) for one in api.get("reviews/").json()["results"]]


def test_version_goes_live_by_four_eyes(writer: Api, reviewer: Api, settings: Any) -> None:
    settings.REQUIRE_REVIEW = True
    assert reviewer.post("skills/greeter/publish/", version=1).status_code == 409

    asked = writer.post(f"{V1}/request-review/", comment="please")
    assert (asked.status_code, asked.json()["verdict"], asked.json()["actor"]) == (200, "requested", "arno")
    assert waiting(reviewer) == waiting(writer) == [("greeter", 1)]
    assert writer.get("skills/greeter/").json()["review"] == "requested"
    assert reviewer.post(f"{V1}/send-back/").status_code == 409, "without a word"
    assert reviewer.post(f"{V1}/send-back/", comment="too short").json()["verdict"] == "sent_back"
    assert waiting(reviewer) == []
    writer.post(f"{V1}/request-review/")
    assert reviewer.post(f"{V1}/approve/", comment="fine").json()["verdict"] == "approved"

    assert reviewer.post("skills/greeter/publish/", version=1).status_code == 200
    assert live() == "v1"
    said = reviewer.pages(f"{V1}/reviews/", limit=3)
    assert [[(one["verdict"], one["comment"]) for one in page] for page in said] == [
        [("approved", "fine"), ("requested", ""), ("sent_back", "too short")],
        [("requested", "please")],
    ]


def test_nobody_approves_their_own(writer: Api, author: User) -> None:
    author.user_permissions.add(*permissions("publish_skill"))
    answer = writer.post(f"{V1}/approve/")
    assert (answer.status_code, "someone else" in answer.json()["detail"]) == (409, True)


def test_what_waits_comes_in_pages_newest_first(reviewer: Api, author: User, django_assert_num_queries: Any) -> None:
    for number in range(5):
        version, _ = services.create_version(package(f"skill-{number}"), user=author)
        services.request_review(version, actor=author)
    services.yank_version(SkillVersion.objects.get(skill__name="skill-1"))
    services.delete_skill(Skill.objects.get(name="skill-2"))

    pages = reviewer.pages("reviews/", limit=2)
    assert [[one["skill"] for one in page] for page in pages] == [["skill-4", "skill-3"], ["skill-0"]]
    # Expect 2 queries: the token with its owner, and what waits.
    with django_assert_num_queries(2):
        assert len(waiting(reviewer)) == 3


@pytest.mark.parametrize("operation", ["request-review", "approve", "send-back"])
def test_version_that_is_not_there_is_404_and_a_live_one_409(reviewer: Api, operation: str) -> None:
    publish()
    for path, status in {"skills/greeter/versions/2": 404, "skills/nobody/versions/1": 404, V1: 409}.items():
        answer = reviewer.post(f"{path}/{operation}/", comment="word")
        assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)
    assert reviewer.post(f"{V1}/{operation}/", comment="c" * 10_001).status_code == 400
