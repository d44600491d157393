"""The usage tab of a skill: calls by day, durations, versions, clients, callers, and the way to the log."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.events import InvocationEvent
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores import get_store
from invocations.stores.orm import OrmStore

from .conftest import permissions, publish
from .support.pages import SKILLS, rows, text_of

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)


def called(skill: str = "greeter", *, days: float = 0, duration: float = 1.0, **fields: Any) -> None:
    failed = "error_message" in fields
    at = NOW - timedelta(days=days)
    get_store().write_batch(
        [InvocationEvent(skill, "tools/call", "error" if failed else "success", at, duration, **fields)]
    )


def usage(browser: Client, **query: Any) -> Any:
    skill = publish().skill
    return browser.get(f"{SKILLS}{skill.pk}/usage/", query)


def test_usage_tells_how_much_how_fast_and_by_whom(browser: Client) -> None:
    for number in range(100):
        called(duration=number + 1, version=1 + (number >= 90), client="agent/1", caller="olga")
    called(duration=1000, version=2, client="agent/2", error_message="failed")
    called("other", client="nobody")

    page = usage(browser)
    text = text_of(page)
    for told in ("Calls 101", "Failed 1.0% 1 failed", "51.0 ms p50", "96.0 ms p95", "100.0 ms p99"):
        assert told in text
    for told in ("v1 90", "v2 11 1 failed", "agent/1 100", "agent/2 1 1 failed", "olga 100", "unknown 1"):
        assert told in text
    assert "based on all 101 calls in this period that are still in the log" in text
    assert "nobody" not in text
    assert len(rows(page)) == 10


def test_usage_says_what_it_was_reckoned_from(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invocations.queries.SAMPLE_MAX", 2)
    for days in (3, 2, 1):
        called(days=days)
    oldest = f"{NOW - timedelta(days=2):%Y-%m-%d %H:%M:%S}"
    assert f"based on the newest 2 calls, since {oldest}" in text_of(usage(browser))


@pytest.mark.parametrize(("days", "expected"), [("7", 1), ("30", 2), ("90", 3), ("", 2), ("x", 2)])
def test_usage_covers_the_days_that_are_asked_for(browser: Client, days: str, expected: int) -> None:
    for ago in (1, 20, 80):
        called(days=ago)
    assert f"Calls {expected} " in text_of(usage(browser, days=days))


def test_usage_leads_to_the_calls_in_the_log(browser: Client) -> None:
    called(version=2, client="a b&c", caller="olga")
    called(version=3, client="other")
    page = usage(browser)
    for name in ("version=2", "client=a", "caller=olga"):
        [address] = re.findall(rf'href="([^"]*\?skill=greeter&amp;exact=on&amp;{name}[^"]*)"', page.text)
        assert len(rows(browser.get(html.unescape(address)))) == 1


def test_usage_of_a_skill_that_nobody_calls_is_empty(browser: Client) -> None:
    text = text_of(usage(browser))
    for told in (
        "Calls 0",
        "Failed - 0 failed",
        "- p50",
        "No calls in this period.",
        "This skill has not been called yet.",
    ):
        assert told in text
    assert "of all 0 calls" not in text
    assert "By version" not in text


def test_usage_that_cannot_be_read_is_said_in_words(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(OrmStore, "calls", away)
    page = usage(browser)
    assert page.status_code == 200
    assert "The call log is not responding" in text_of(page)


@pytest.mark.parametrize(
    ("held", "expected"), [(["view_skill"], 403), (["view_invocation"], 403), (["view_skill", "view_invocation"], 200)]
)
def test_usage_is_seen_by_who_may_see_skills_and_the_log(client: Client, held: list[str], expected: int) -> None:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)
    assert usage(client).status_code == expected
