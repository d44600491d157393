"""Publish, roll back and deactivate in the admin: said before it is done, and done only as it was said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from skills_registry import services
from skills_registry.models import Publication, Skill

from .conftest import live, publish
from .support.packages import package
from .support.pages import SKILLS, text_of, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def skill(db: None) -> Skill:
    """v1 was live, v2 is live, v3 waits."""
    publish(body="one", files={"a.txt": "1"})
    skill = publish(body="two").skill
    services.create_version(package(body="three", description="Greets everybody."))
    return skill


def confirm(browser: Client, address: str, **changed: str) -> Any:
    """Send the form that the page shows, as a browser would; the answer to that."""
    page = browser.get(address)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return browser.post(address, {"expected_live": "", "reason": "", **hidden, **changed}, follow=True)


@pytest.mark.parametrize(
    ("path", "title", "said"),
    [
        (
            "publish/3/",
            "Publish greeter v3",
            "Agents now get greeter v2 . Within a second they will get v3 instead",
        ),
        (
            "publish/1/",
            "Roll back to greeter v1",
            "Agents now get greeter v2 . Within a second they will get v1 instead",
        ),
        ("publish/2/", "Publish greeter v2", "greeter v2 is already live."),
        ("deactivate/", "Deactivate greeter", "Agents will no longer get greeter (v2 is live now)"),
    ],
)
def test_page_says_what_will_change_and_changes_nothing(
    browser: Client, skill: Skill, path: str, title: str, said: str
) -> None:
    page = text_of(browser.get(f"{SKILLS}{skill.pk}/{path}"))

    assert title in page
    assert said in page
    assert (live(), Publication.objects.count()) == ("v2", 2)


def test_page_shows_what_differs(browser: Client, skill: Skill) -> None:
    forward = text_of(browser.get(f"{SKILLS}{skill.pk}/publish/3/"))
    assert "v2 Greets people. Use when somebody arrives. v3 Greets everybody." in forward
    assert "SKILL.md changed" in forward
    assert "a.txt added" in text_of(browser.get(f"{SKILLS}{skill.pk}/publish/1/"))


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("path", ["publish/3/", "publish/1/", "deactivate/"])
def test_nothing_but_a_post_changes_anything(browser: Client, skill: Skill, method: str, path: str) -> None:
    getattr(browser, method)(f"{SKILLS}{skill.pk}/{path}?expected_live=2")
    assert (live(), Publication.objects.count()) == ("v2", 2)


@pytest.mark.parametrize(
    ("path", "action", "expected"),
    [
        ("publish/3/", "publish", ("v3", "Published: greeter v3 is live now.")),
        ("publish/1/", "rollback", ("v1", "Rolled back: greeter v1 is live now.")),
        ("deactivate/", "deactivate", (None, "Deactivated: agents no longer get greeter.")),
    ],
)
def test_confirmed_change_is_done_and_recorded(
    browser: Client, skill: Skill, path: str, action: str, expected: tuple[str | None, str]
) -> None:
    answer = confirm(browser, f"{SKILLS}{skill.pk}/{path}", reason="because")

    assert (live(), *told(answer)) == expected
    assert answer.redirect_chain[-1][0] == f"{SKILLS}{skill.pk}/change/"
    publication = Publication.objects.first()
    assert publication is not None
    assert (publication.action, str(publication.actor), publication.reason) == (action, "olga", "because")


@pytest.mark.parametrize("path", ["publish/3/", "publish/1/", "deactivate/"])
@pytest.mark.parametrize(
    ("meanwhile", "now"),
    [(lambda skill: services.publish(skill, 1), "v1"), (services.deactivate, None)],
    ids=["published", "deactivated"],
)
def test_confirmation_of_what_is_no_longer_so_is_refused(
    browser: Client, skill: Skill, path: str, meanwhile: Any, now: str | None
) -> None:
    stale = {"expected_live": "2", "reason": ""}
    meanwhile(skill)

    answer = browser.post(f"{SKILLS}{skill.pk}/{path}", stale, follow=True)
    assert [message.partition(".")[0] for message in told(answer)] == [
        f"This skill changed while you were looking: {now or 'no version'} is live"
    ]
    assert (live(), Publication.objects.count()) == (now, 3)


def test_confirmation_that_saw_nothing_live_is_refused_where_something_is(browser: Client, skill: Skill) -> None:
    answer = browser.post(f"{SKILLS}{skill.pk}/publish/3/", {"expected_live": "", "reason": ""}, follow=True)
    assert told(answer)[0].startswith("This skill changed while you were looking: v2 is live.")
    assert live() == "v2"


def test_second_click_on_the_same_confirmation_does_nothing(browser: Client, skill: Skill) -> None:
    form = {"expected_live": "2", "reason": ""}
    for _ in range(2):
        answer = browser.post(f"{SKILLS}{skill.pk}/publish/3/", form, follow=True)
    assert told(answer)[0].startswith("This skill changed while you were looking: v3 is live.")
    assert Publication.objects.count() == 3


def test_deactivated_skill_is_brought_back_by_publishing(browser: Client, skill: Skill) -> None:
    confirm(browser, f"{SKILLS}{skill.pk}/deactivate/")
    page = text_of(browser.get(f"{SKILLS}{skill.pk}/publish/2/"))
    assert "No version of greeter is live. Agents will get v2 within a second." in page

    confirm(browser, f"{SKILLS}{skill.pk}/publish/2/")
    assert live() == "v2"


def test_deactivating_what_is_not_live_says_so(browser: Client) -> None:
    version, _ = services.create_version(package())
    answer = confirm(browser, f"{SKILLS}{version.skill.pk}/deactivate/")
    assert told(answer) == ["greeter is not live."]


def test_reason_that_is_too_long_is_said_on_the_form(browser: Client, skill: Skill) -> None:
    form = {"expected_live": "2", "reason": "r" * 10_001}
    answer = browser.post(f"{SKILLS}{skill.pk}/publish/3/", form)

    assert "Ensure this value has at most 10000 characters" in text_of(answer)
    assert live() == "v2"


def test_confirmation_that_was_tampered_with_changes_nothing(browser: Client, skill: Skill) -> None:
    assert browser.post(f"{SKILLS}{skill.pk}/publish/3/", {"expected_live": "two"}).status_code == 200
    assert live() == "v2"
