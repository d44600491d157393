"""The first page of the admin: what waits, how much is called, what is served where; and its first run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client

from invocations.events import InvocationEvent
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores import get_store
from mcp_gateway.models import GatewayReplica
from skills_registry import services
from skills_registry.models import CatalogHead, Skill

from .conftest import permissions, publish
from .support.packages import package
from .support.pages import LOG, SKILLS, text_of

pytestmark = pytest.mark.django_db
HOME = "/admin/"


def called(skill: str, *, ok: int = 0, failed: int = 0, days_ago: int = 0) -> None:
    """Log calls of a day."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    fine = [InvocationEvent(skill, "tools/call", "success", at, 1.0) for _ in range(ok)]
    get_store().write_batch([*fine, *(InvocationEvent(skill, "tools/call", "error", at, 1.0) for _ in range(failed))])


def test_empty_registry_leads_to_the_first_upload_and_says_how_to_connect(browser: Client, settings: Any) -> None:
    settings.MCP_REQUIRE_AUTH = True
    page = browser.get(HOME)
    text = text_of(page)
    assert "Welcome to Skillkeeper" in text
    assert f'href="{SKILLS}upload/"' in page.text
    assert f"claude mcp add --transport http skillkeeper {settings.PUBLIC_URL}/mcp --header" in text
    assert 'href="/admin/mcp_gateway/accesstoken/add/"' in page.text


@pytest.mark.parametrize(("needed", "count"), [(True, 3), (False, 0)])
def test_way_to_connect_has_a_token_where_one_is_needed(
    browser: Client, settings: Any, needed: bool, count: int
) -> None:
    settings.MCP_REQUIRE_AUTH = needed
    text = text_of(browser.get("/admin/connect/"))
    assert text.count(f"{settings.PUBLIC_URL}/mcp") == 4
    assert text.count("Bearer TOKEN") == count


def test_nothing_waits_where_nothing_does(browser: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        publish()
    assert "Nothing needs your attention." in text_of(browser.get(HOME))


def test_what_waits_comes_first_the_most_pressing_before_the_rest(browser: Client, operator: User) -> None:
    publish(body="Run !`date`.")
    services.stage_upload("waiting.zip", b"x")
    called("greeter", ok=16, failed=4)
    other, _ = services.create_version(package("other"))
    services.request_review(other, actor=operator)
    Skill.objects.filter(name="other").update(served_generation=F("generation"))

    page = browser.get(HOME)
    text = text_of(page)
    places = [
        text.index(told)
        for told in (
            "1 change has not reached the gateways since ",
            "greeter is failing: 4 of 20 calls in the last 7 days",
            "1 change has not reached the package store yet",
            "1 upload to inspect",
            "other v1 is waiting for review",
            "1 live skill has findings",
            "Calls today",
        )
    ]
    assert places == sorted(places)
    for address in (
        f"{LOG}?skill=greeter&amp;status=error&amp;exact=on",
        f"{SKILLS}?pending=1",
        f"{SKILLS}?findings=1",
    ):
        assert f'href="{address}"' in page.text


def test_numbers_of_today_stand_beside_those_before(browser: Client) -> None:
    publish()
    called("greeter", ok=3, failed=1)
    called("greeter", ok=2, days_ago=1)
    called("greeter", ok=3, days_ago=8)

    text = text_of(browser.get(HOME))
    assert "Calls today 4 2 yesterday" in text
    assert "Failed today 1 25.0%; 0.0% yesterday" in text
    assert "Calls in 7 days 6 +100% compared with the previous 7 days" in text
    assert "Failed in 7 days 16.7% 0.0% in the previous 7 days" in text


def test_chart_has_each_of_thirty_days_also_for_those_who_cannot_see_it(browser: Client) -> None:
    publish()
    called("greeter", ok=3, failed=1, days_ago=29)
    called("greeter", ok=1, days_ago=30)

    page = browser.get(HOME)
    assert 'aria-label="Calls in 30 days: 4 calls, 1 failed"' in page.text
    assert page.text.count('class="sk-chart-day"') == 30


def test_most_called_and_unused_skills_are_named_and_names_of_no_skill_are_not(browser: Client) -> None:
    for name in ("busy", "idle", "quiet"):
        publish(name)
    services.deactivate(publish("retired").skill)
    called("busy", ok=3)
    called("quiet", ok=1)
    called("nosuch", failed=9)

    text = text_of(browser.get(HOME))
    assert "Most called last 7 days busy 3 quiet 1" in text
    assert "Unused no calls in 30 days idle Gateways" in text


def test_gateways_say_what_they_serve_and_when_they_were_seen(browser: Client, settings: Any) -> None:
    settings.MCP_HEARTBEAT_SECONDS = 5
    publish()
    head = CatalogHead.objects.get().generation
    now = datetime.now(UTC)
    silent = now - timedelta(minutes=1)
    for host, generation, seen in [("a", head, now), ("b", head - 1, now), ("c", head, silent), ("d", None, now)]:
        GatewayReplica.objects.create(
            id=uuid4(), host=host, pid=1, server="daphne", version="1", generation=generation, started_at=now,
            last_seen=seen,
        )  # fmt: skip

    text = text_of(browser.get(HOME))
    told = text[text.index("Gateways") :]
    places = [told.index(state) for state in ("serving", "behind", "not responding", "starting")]
    assert places == sorted(places)
    assert f"generation {head - 1} of {head}" in told
    assert "no catalog yet" in told


@pytest.mark.parametrize(
    ("least", "percent", "alarm"), [(20, 10, False), (5, 10, True), (5, 20, True), (5, 21, False), (6, 10, False)]
)
def test_skill_fails_from_a_number_of_calls_and_a_share_of_them_on(
    browser: Client, settings: Any, least: int, percent: int, alarm: bool
) -> None:
    settings.ALARM_LEAST_CALLS, settings.ALARM_FAILED_PERCENT = least, percent
    publish()
    called("greeter", ok=4, failed=1)
    assert ("greeter is failing: 1 of 5 calls in the last 7 days" in text_of(browser.get(HOME))) == alarm


def test_names_that_no_live_skill_has_raise_no_alarm(browser: Client) -> None:
    publish()
    called("nosuch", failed=30)
    assert "nosuch" not in text_of(browser.get(HOME))


ALARMS = {
    "dropped": "2 calls were lost because they could not be logged",
    "not served": "1 change has not reached the gateways",
    "failing": "greeter is failing: 30 of 30 calls",
    "not stored": "1 change has not reached the package store yet",
    "upload": "1 upload to inspect",
    "review": "other v1 is waiting for review",
    "own review": "own v1 is waiting for review",
    "findings": "1 live skill has findings",
}
CALLS = ("view_skill", "view_invocation")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (CALLS, []),
        (("view_skill", "upload_skill"), ["upload", "findings"]),
        ((*CALLS, "upload_skill"), ["failing", "upload", "findings"]),
        ((*CALLS, "publish_skill"), ["not served", "failing", "review", "findings"]),
        ((*CALLS, "administer_skill"), ["dropped", "not served", "not stored"]),
    ],
)
def test_each_sees_what_he_may_do_something_about(
    client: Client, operator: User, monkeypatch: pytest.MonkeyPatch, held: tuple[str, ...], expected: list[str]
) -> None:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    monkeypatch.setattr("mcpsite.console.tasks.recorder.dropped", 2)
    publish(body="Run !`date`.")
    called("greeter", failed=30)
    services.stage_upload("waiting.zip", b"x", user=user)
    for name, uploader in (("other", operator), ("own", user)):
        version, _ = services.create_version(package(name), user=uploader)
        services.request_review(version, actor=uploader)
    Skill.objects.filter(name="own").update(served_generation=F("generation"), projected_generation=F("generation"))
    Skill.objects.filter(name="other").update(served_generation=F("generation"))
    client.force_login(user)

    text = text_of(client.get(HOME))
    assert [name for name, told in ALARMS.items() if told in text] == expected
    assert ("Nothing needs your attention." in text) == (not expected)


@pytest.mark.parametrize(
    ("query", "title", "bars", "calls"),
    [
        ("", "Calls in 30 days", 30, 7),
        ("?days=90", "Calls in 90 days", 90, 15),
        ("?days=7", "Calls in 7 days", 7, 3),
        ("?days=1", "Calls in 24 hours", 24, 1),
        ("?days=365", "Calls in 30 days", 30, 7),
    ],
)
def test_chart_shows_the_time_that_the_address_names(
    browser: Client, query: str, title: str, bars: int, calls: int
) -> None:
    publish()
    for number, ago in ((1, 0), (2, 3), (4, 20), (8, 60)):
        called("greeter", failed=number, days_ago=ago)

    page = browser.get(f"{HOME}{query}")
    assert f'aria-label="{title}: {calls} call{"" if calls == 1 else "s"}, {calls} failed"' in page.text
    assert page.text.count('class="sk-chart-day"') == bars
    assert page.text.count('aria-current="true"') == 1


def test_hours_are_not_offered_where_the_store_counts_days_alone(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    called("greeter", ok=1)
    monkeypatch.setattr(type(get_store()), "counts_hours", False)
    page = browser.get(f"{HOME}?days=1")
    assert "24 hours" not in page.text
    assert "Calls in 30 days" in page.text


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ([], ["Nothing to see here yet."]),
        (["view_skill"], ["Latest publications", "Gateways"]),
        (["view_invocation"], ["Calls today", "Calls in 30 days"]),
        (["view_skill", "view_invocation"], ["Calls today", "Calls in 30 days", "Latest publications", "Gateways"]),
    ],
)
def test_page_shows_what_one_may_see(client: Client, held: list[str], shown: list[str]) -> None:
    publish()
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)

    text = text_of(client.get(HOME))
    everything = ("Nothing to see here yet.", "Calls today", "Calls in 30 days", "Latest publications", "Gateways")
    assert [part for part in everything if part in text] == shown


def test_page_says_that_calls_cannot_be_read_and_shows_the_rest(browser: Client, monkeypatch: Any) -> None:
    publish()

    def away(*args: Any) -> Any:
        raise StoreUnavailable("away")

    for name in ("days", "uses", "totals"):
        monkeypatch.setattr(type(get_store()), name, away)
    text = text_of(browser.get(HOME))
    assert "The call log is not responding" in text
    assert "Latest publications" in text


@pytest.mark.parametrize("size", [1, 40])
def test_page_asks_as_often_for_much_as_for_little(
    browser: Client, operator: User, size: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(size):
        version = publish(f"skill-{number}")
        services.deactivate(version.skill, actor=operator)
        services.publish(version.skill, 1, actor=operator)
        called(f"skill-{number}", ok=1)
    with django_assert_max_num_queries(16):
        browser.get(HOME)
