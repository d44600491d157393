"""Four eyes: with REQUIRE_REVIEW nobody brings a version of their own live, by whatever door."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from skills_registry import services
from skills_registry.models import Review, Skill, SkillVersion

from .conftest import live, permissions, publish
from .support.api import Api
from .support.packages import package, skill_md, zip_of
from .support.pages import SKILLS
from .support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def publisher(author: User) -> User:
    """The author, who may publish by now: what keeps them from it is the rule alone."""
    author.user_permissions.add(*permissions("publish_skill"))
    return author


@pytest.fixture
def draft(author: User) -> SkillVersion:
    """The author's first version."""
    return services.create_version(package(), user=author)[0]


def skill() -> Skill:
    return Skill.objects.with_summary().get(name="greeter")


def test_review_goes_back_and_forth(draft: SkillVersion, author: User, operator: User) -> None:
    assert (skill().waiting_number, skill().review) == (1, "")
    services.request_review(draft, actor=author, comment="please")
    assert (skill().review, list(SkillVersion.objects.waiting_for_review())) == ("requested", [draft])
    services.send_back(draft, actor=operator, comment="too short")
    assert (skill().review, list(SkillVersion.objects.waiting_for_review())) == ("sent_back", [])
    services.request_review(draft, actor=author)
    services.approve(draft, actor=operator, comment="fine")

    assert skill().review == "approved"
    said = [(review.verdict, review.actor.username, review.comment) for review in Review.objects.order_by("id")]
    assert said == [
        ("requested", "arno", "please"),
        ("sent_back", "olga", "too short"),
        ("requested", "arno", ""),
        ("approved", "olga", "fine"),
    ]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("approve by author", "You created greeter v1, so someone else must approve it"),
        ("request, approve by author", "You created greeter v1"),
        ("request, request", "greeter v1 is waiting for review"),
        ("approve, request", "greeter v1 is approved"),
        ("approve, approve", "greeter v1 is approved"),
        ("send back, approve", "greeter v1 was sent back"),
        ("send back, send back", "greeter v1 was sent back"),
        ("request, send back without a word", "Say what needs to be improved"),
        ("yank, approve", "greeter v1 was yanked"),
        ("yank, request", "greeter v1 was yanked"),
        ("publish, request", "greeter v1 is live"),
        ("publish, send back", "greeter v1 is live"),
        ("delete, approve", "greeter is deleted"),
    ],
)
def test_what_does_not_fit_is_a_conflict(
    draft: SkillVersion, author: User, operator: User, steps: str, message: str
) -> None:
    act: dict[str, Callable[[], object]] = {
        "request": lambda: services.request_review(draft, actor=author),
        "approve": lambda: services.approve(draft, actor=operator),
        "approve by author": lambda: services.approve(draft, actor=author),
        "send back": lambda: services.send_back(draft, actor=operator, comment="no"),
        "send back without a word": lambda: services.send_back(draft, actor=operator, comment=" \n"),
        "yank": lambda: services.yank_version(draft),
        "publish": lambda: services.publish(draft.skill, 1),
        "delete": lambda: services.delete_skill(draft.skill),
    }
    *before, last = steps.split(", ")
    for step in before:
        act[step]()
    said = Review.objects.count()
    with pytest.raises(services.Conflict, match=message):
        act[last]()
    assert Review.objects.count() == said


def test_without_the_rule_reviews_bind_nobody(draft: SkillVersion, author: User) -> None:
    services.request_review(draft, actor=author)
    services.publish(draft.skill, 1, actor=author)
    assert live() == "v1"


def test_with_the_rule_a_version_needs_others(draft: SkillVersion, author: User, operator: User, settings: Any) -> None:
    settings.REQUIRE_REVIEW = True
    for actor in (author, operator, None):
        with pytest.raises(services.Conflict, match=r"has not been reviewed. Someone other"):
            services.publish(draft.skill, 1, actor=actor)
    services.request_review(draft, actor=author)
    with pytest.raises(services.Conflict, match=r"is waiting for review. Someone other"):
        services.publish(draft.skill, 1, actor=operator)
    services.approve(draft, actor=operator)
    with pytest.raises(services.Conflict, match="You created greeter v1, so someone else must publish it"):
        services.publish(draft.skill, 1, actor=author)
    assert live() is None

    services.publish(draft.skill, 1, actor=operator)
    assert live() == "v1"


def test_approval_can_be_taken_back(draft: SkillVersion, operator: User, settings: Any) -> None:
    settings.REQUIRE_REVIEW = True
    services.approve(draft, actor=operator)
    services.send_back(draft, actor=operator, comment="wait")
    with pytest.raises(services.Conflict, match="was sent back"):
        services.publish(draft.skill, 1, actor=operator)


def test_going_back_is_never_held_up(author: User, operator: User, settings: Any) -> None:
    publish(body="one")
    publish(body="two")
    settings.REQUIRE_REVIEW = True

    services.rollback(skill(), actor=author)
    assert live() == "v1"
    services.publish(skill(), 2, actor=author)
    services.deactivate(skill(), actor=author)
    services.send_back(SkillVersion.objects.get(number=2), actor=operator, comment="broken after all")
    with pytest.raises(services.Conflict, match="greeter v2 was sent back"):
        services.publish(skill(), 2, actor=author)
    services.publish(skill(), 1, actor=author)


def test_asking_again_is_no_way_around_being_sent_back(
    publisher: User, draft: SkillVersion, operator: User, settings: Any
) -> None:
    settings.REQUIRE_REVIEW = True
    services.approve(draft, actor=operator)
    services.publish(draft.skill, 1, actor=operator)
    services.deactivate(skill(), actor=operator)
    writer, reviewer = Api(publisher), Api(operator)
    version = "skills/greeter/versions/1"
    assert reviewer.post(f"{version}/send-back/", comment="it has a hole").status_code == 200
    assert writer.post(f"{version}/request-review/").status_code == 200

    refused = writer.post("skills/greeter/publish/", version=1)
    assert (refused.status_code, live()) == (409, None)
    assert "is waiting for review" in refused.json()["detail"]

    assert reviewer.post(f"{version}/approve/").status_code == 200
    assert writer.post("skills/greeter/publish/", version=1).status_code == 200


def test_asking_for_a_review_does_not_hold_up_going_back(
    draft: SkillVersion, author: User, operator: User, settings: Any
) -> None:
    services.publish(draft.skill, 1, actor=author)
    services.deactivate(skill(), actor=operator)
    settings.REQUIRE_REVIEW = True
    services.request_review(draft, actor=author)
    services.publish(skill(), 1, actor=author)
    assert live() == "v1"


def test_older_version_that_was_never_live_is_no_way_around(author: User, operator: User, settings: Any) -> None:
    services.create_version(package(body="one"), user=author)
    publish(body="two")
    settings.REQUIRE_REVIEW = True
    with pytest.raises(services.Conflict, match="greeter v1 has not been reviewed"):
        services.rollback(skill(), 1, actor=operator)


def test_admin_and_api_obey(publisher: User, draft: SkillVersion, client: Client, settings: Any) -> None:
    settings.REQUIRE_REVIEW = True
    client.force_login(publisher)
    client.post(f"{SKILLS}{draft.skill.pk}/publish/1/", {"reason": "", "expected_live": ""})
    api = Api(publisher)
    answer = api.post("skills/greeter/publish/", version=1)
    assert (answer.status_code, "has not been reviewed" in answer.json()["detail"]) == (409, True)
    answer = api.upload(zip_of({"SKILL.md": skill_md(body="two")}), publish="true")
    assert (answer.status_code, SkillVersion.objects.count(), live()) == (409, 2, None)


def test_import_makes_versions_and_tells_what_waits(tmp_path: Path, settings: Any) -> None:
    settings.REQUIRE_REVIEW = True
    (tmp_path / "greeter").mkdir()
    (tmp_path / "greeter/SKILL.md").write_text(skill_md())
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 1 were refused or not published"):
        call_command("import_skills", str(tmp_path), "--publish", stdout=out)
    assert "1 skill imported (1 new, 0 published), 0 refused" in out.getvalue()
    assert "ok       greeter v1 (new)" in out.getvalue()
    assert "greeter v1 has not been reviewed. Someone other than its uploader must approve it" in out.getvalue()
    assert "[not-published]" in out.getvalue()
    assert (skill().latest_number, live()) == (1, None)


def test_two_reviewers_at_once_agree_on_one_verdict(draft: SkillVersion, author: User, operator: User) -> None:
    services.request_review(draft, actor=author)

    def act(verdict: str) -> bool:
        try:
            if verdict == "approve":
                services.approve(draft, actor=operator)
            else:
                services.send_back(draft, actor=operator, comment="no")
        except services.Conflict:
            return False
        return True

    at_once(act, ["approve", "send back"])
    draft.refresh_from_db()
    newest = Review.objects.first()
    assert newest is not None
    assert draft.review == newest.verdict == "sent_back"


def test_what_waits_is_newer_than_all_that_was_live() -> None:
    publish(body="one")
    assert skill().waiting_number is None
    services.create_version(package(body="two"))
    services.create_version(package(body="three"))
    assert skill().waiting_number == 3
    services.publish(skill(), 3)
    assert skill().waiting_number is None, "v2 was passed over"
    services.rollback(skill(), 1)
    assert skill().waiting_number is None, "v3 was taken back"
    services.create_version(package(body="four"))
    assert skill().waiting_number == 4
