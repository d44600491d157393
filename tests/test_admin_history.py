"""What was done to a skill, as its history tells; yanks, deletion and restoring, said before they are done."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from invocations.events import InvocationEvent
from invocations.stores import get_store
from mcp_gateway.models import AccessToken
from skills_registry import services
from skills_registry.models import Skill

from .conftest import live, publish
from .support.packages import package
from .support.pages import SKILLS, rows, text_of, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def skill(db: None) -> Skill:
    """v1 was live, v2 is."""
    publish(body="one")
    return publish(body="two").skill


def confirm(browser: Client, address: str, reason: str = "") -> Any:
    """Send the form that the page shows, as a browser would; the answer to that."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', browser.get(address).text))
    return browser.post(address, {"expected_live": "", **hidden, "reason": reason}, follow=True)


def test_history_tells_every_operation_with_person_reason_before_and_after(
    browser: Client, operator: User, skill: Skill
) -> None:
    services.set_tags(skill, ["office", "büro"], actor=operator)
    services.publish(skill, 1, actor=operator, reason="v2 fails")

    told_of = rows(browser.get(f"{SKILLS}{skill.pk}/history/"))
    assert [row[1] for row in told_of] == [
        "rolled back", "tags changed", "published", "version created", "published", "version created",
    ]  # fmt: skip
    assert told_of[0][2:] == ["v1", "live v2", "live v1", "olga", "v2 fails"]
    assert told_of[1][2:] == ["-", "tags none", "tags büro, office", "olga", "-"]
    assert "files 1" in told_of[-1][4]


def test_history_tells_of_reviews(browser: Client, operator: User, author: User, skill: Skill) -> None:
    version, _ = services.create_version(package(body="three"), user=author)
    services.request_review(version, actor=author, comment="Please look")
    services.approve(version, actor=operator)
    version.refresh_from_db()
    services.send_back(version, actor=operator, comment="Say more")

    told_of = rows(browser.get(f"{SKILLS}{skill.pk}/history/"))
    assert [row[1:] for row in told_of[:3]] == [
        ["sent back", "v3", "review approved", "review sent back", "olga", "Say more"],
        ["approved", "v3", "review waiting for review", "review approved", "olga", "-"],
        ["review requested", "v3", "review not reviewed", "review waiting for review", "arno", "Please look"],
    ]


def test_history_is_paged_by_where_it_stopped(browser: Client, skill: Skill) -> None:
    for number in range(60):
        services.set_tags(skill, [f"tag-{number}"])

    first = browser.get(f"{SKILLS}{skill.pk}/history/")
    assert len(rows(first)) == 50
    older = re.search(r'href="(\?before=\d+)"', first.text)
    assert older
    second = browser.get(f"{SKILLS}{skill.pk}/history/{older[1]}")
    assert len(rows(second)) == 14
    assert "?before=" not in second.text
    for nonsense in ("x", "-1", "²", "9" * 30, "9" * 19):
        assert browser.get(f"{SKILLS}{skill.pk}/history/", {"before": nonsense}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_version_is_yanked_and_given_back(browser: Client, skill: Skill) -> None:
    address = f"{SKILLS}{skill.pk}/versions/1/"
    assert "can no longer be published or rolled back to" in text_of(browser.get(f"{address}yank/"))
    answer = confirm(browser, f"{address}yank/", "leaks a key")
    assert told(answer) == ["greeter v1 is yanked."]
    versions = browser.get(f"{SKILLS}{skill.pk}/versions/").text
    assert "Yanked: leaks a key" in text_of(browser.get(f"{SKILLS}{skill.pk}/versions/"))
    assert f'href="{SKILLS}{skill.pk}/publish/1/"' not in versions

    assert "Reason for the yank: leaks a key" in text_of(browser.get(f"{address}unyank/"))
    assert told(confirm(browser, f"{address}unyank/")) == ["greeter v1 can be published again."]
    assert f'href="{SKILLS}{skill.pk}/publish/1/"' in browser.get(f"{SKILLS}{skill.pk}/versions/").text


def test_live_version_cannot_be_yanked(browser: Client, skill: Skill) -> None:
    answer = confirm(browser, f"{SKILLS}{skill.pk}/versions/2/yank/")
    assert "greeter v2 is live. Publish another version" in told(answer)[0]


@pytest.mark.parametrize("page", ["delete/", "deactivate/"])
def test_page_says_who_loses_what(browser: Client, operator: User, skill: Skill, page: str) -> None:
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", timezone.now(), 1.0)])
    for name, skills in (("for the office", ["greeter"]), ("for all", []), ("another", ["greeter-two"])):
        AccessToken.objects.create(name=name, user=operator, prefix="sk", hash=name, skills=skills)

    said = text_of(browser.get(f"{SKILLS}{skill.pk}/{page}"))
    assert "It was called 1 time in the last 30 days." in said
    assert "An access token names this skill: for the office." in said
    assert live() == "v2"


@pytest.mark.django_db(transaction=True)
def test_skill_is_deleted_found_and_restored(browser: Client, skill: Skill) -> None:
    assert "Agents will no longer get it: greeter v2 is live now." in text_of(
        browser.get(f"{SKILLS}{skill.pk}/delete/")
    )
    answer = confirm(browser, f"{SKILLS}{skill.pk}/delete/", "nobody needs it")
    assert told(answer) == ["Deleted greeter. It can be restored."]
    assert live() is None
    page = browser.get(f"{SKILLS}{skill.pk}/change/").text
    assert f'href="{SKILLS}{skill.pk}/restore/"' in page
    assert f'href="{SKILLS}{skill.pk}/delete/"' not in page
    assert "greeter" in text_of(browser.get(SKILLS, {"status": "deleted"}))

    answer = confirm(browser, f"{SKILLS}{skill.pk}/restore/")
    assert told(answer) == ["Restored greeter. Publish a version to make it available to agents."]
    assert (live(), Skill.objects.not_deleted().count()) == (None, 1)


def test_skill_that_changed_since_the_page_was_shown_stays(browser: Client, skill: Skill) -> None:
    browser.get(f"{SKILLS}{skill.pk}/delete/")
    services.publish(skill, 1)
    answer = browser.post(f"{SKILLS}{skill.pk}/delete/", {"expected_live": "2", "reason": ""}, follow=True)
    assert "This skill changed while you were looking" in told(answer)[0]
    assert live() == "v1"


def test_two_versions_are_chosen_to_compare(browser: Client, skill: Skill) -> None:
    page = browser.get(f"{SKILLS}{skill.pk}/versions/").text
    assert re.findall(r'name="(from|to)" value="(\d)"[^>]* checked', page) == [("to", "2"), ("from", "1")]
    assert browser.get(f"{SKILLS}{skill.pk}/compare/", {"from": "1", "to": "2"}).status_code == 200
    draft, _ = services.create_version(package("single"))
    assert 'type="radio"' not in browser.get(f"{SKILLS}{draft.skill.pk}/versions/").text
