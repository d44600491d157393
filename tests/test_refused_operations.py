"""Pages of operations that are refused: why, and what to do instead, in place of a form that cannot succeed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from skills_registry import services
from skills_registry.models import Skill, SkillVersion

from .conftest import permissions, publish
from .support.packages import package
from .support.pages import SKILLS, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def skill(db: None) -> Skill:
    """v1 is live, v2 waits and was made by mia."""
    skill = publish().skill
    services.create_version(package(body="two"), user=User.objects.create_user("mia"))
    return skill


def offers_form(answer: Any) -> bool:
    """Whether the page asks to confirm the operation."""
    return 'name="expected_live"' in answer.text or 'name="reason"' in answer.text


def buttons(answer: Any) -> list[str]:
    """What can be pressed in the part of the page that is about the refusal."""
    found = re.findall(r'<(?:a|button)[^>]*class="sk-button[^"]*"[^>]*>(.*?)</(?:a|button)>', answer.text)
    return [re.sub("<[^>]+>", "", text) for text in found]


def deleted(skill: Skill) -> None:
    services.delete_skill(skill, deactivate=True)


def yanked(skill: Skill) -> None:
    services.yank_version(skill.versions.get(number=2), reason="leaks a key")


def nothing(skill: Skill) -> None:
    pass


def stopped(skill: Skill) -> None:
    services.deactivate(skill)


@pytest.mark.parametrize(
    ("path", "before", "expected"),
    [
        ("publish/2/", deleted, ("greeter is deleted. Restore it first.", "Restore")),
        ("publish/2/", yanked, ("greeter v2 was yanked and cannot be published: leaks a key", "Undo yank")),
        ("publish/1/", nothing, ("greeter v1 is already live.", "Back")),
        ("deactivate/", stopped, ("greeter is not live.", "Back")),
        ("delete/", deleted, ("greeter is deleted. Restore it first.", "Restore")),
        ("restore/", nothing, ("greeter is not deleted.", "Back")),
        ("delete/2/", deleted, ("greeter is deleted. Restore it first.", "Restore")),
        ("versions/1/yank/", nothing, ("greeter v1 is live. Publish another version or deactivate greeter", "Back")),
        ("versions/2/yank/", yanked, ("greeter v2 is already yanked.", "Back")),
        ("versions/2/yank/", deleted, ("greeter is deleted. Restore it first.", "Restore")),
        ("versions/2/unyank/", nothing, ("greeter v2 is not yanked.", "Back")),
        ("tags/", deleted, ("greeter is deleted. Restore it first.", "Restore")),
        ("owner/", deleted, ("greeter is deleted. Restore it first.", "Restore")),
    ],
)
def test_operation_that_would_be_refused_is_not_offered(
    browser: Client, skill: Skill, path: str, before: Any, expected: tuple[str, str]
) -> None:
    address = f"{SKILLS}{skill.pk}/{path}"
    before(skill)
    page = browser.get(address)
    said, instead = expected
    assert said in text_of(page)
    assert not offers_form(page)
    assert instead in buttons(page)


def test_operations_that_are_possible_are_offered(browser: Client, skill: Skill) -> None:
    for path in ("publish/2/", "deactivate/", "delete/", "versions/2/yank/", "tags/", "owner/"):
        assert offers_form(browser.get(f"{SKILLS}{skill.pk}/{path}")), path


@pytest.mark.parametrize(("review", "instead"), [("", "Request review"), ("requested", "Open the review")])
def test_version_that_needs_an_approval_leads_to_the_review(
    browser: Client, skill: Skill, settings: Any, review: str, instead: str
) -> None:
    settings.REQUIRE_REVIEW = True
    SkillVersion.objects.filter(number=2).update(review=review)
    page = browser.get(f"{SKILLS}{skill.pk}/publish/2/")
    assert "Someone other than its uploader must approve it before it can be published." in text_of(page)
    assert not offers_form(page)
    assert instead in buttons(page)
    if instead == "Request review":
        browser.post(f"{SKILLS}{skill.pk}/versions/2/review/", {"ask": ""})
        assert SkillVersion.objects.get(number=2).review == "requested"


def published_next(browser: Client, skill: Skill) -> list[str]:
    return [text for text in buttons(browser.get(f"{SKILLS}{skill.pk}/change/")) if text.startswith("Publish")]


def test_skill_offers_the_version_to_publish_next(browser: Client, skill: Skill) -> None:
    assert published_next(browser, skill) == ["Publish v2"]
    services.publish(skill, 2)
    assert published_next(browser, skill) == []
    services.publish(skill, 1)
    services.deactivate(skill)
    assert published_next(browser, skill) == ["Publish v1"], "the one that was live last"
    services.delete_skill(skill)
    assert published_next(browser, skill) == []
    services.restore_skill(skill)
    assert published_next(browser, skill) == ["Publish v1"]
    services.yank_version(skill.versions.get(number=1))
    assert published_next(browser, skill) == ["Publish v2"]
    services.yank_version(skill.versions.get(number=2))
    assert published_next(browser, skill) == []


def test_skill_that_was_never_live_offers_its_newest_version(browser: Client) -> None:
    skill = services.create_version(package("draft"))[0].skill
    assert published_next(browser, skill) == ["Publish v1"]


def test_button_is_for_those_who_may_publish(client: Client, skill: Skill) -> None:
    viewer = User.objects.create_user("vera", is_staff=True)
    viewer.user_permissions.set(permissions("view_skill"))
    client.force_login(viewer)
    assert published_next(client, skill) == []


def test_skill_whose_next_version_needs_an_approval_leads_to_the_review(
    browser: Client, skill: Skill, settings: Any
) -> None:
    settings.REQUIRE_REVIEW = True
    page = browser.get(f"{SKILLS}{skill.pk}/change/")
    assert "Review v2" in buttons(page)
    assert published_next(browser, skill) == []
