"""The log of calls in the admin: read-only, filtered, and never read to its end."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.admin import PAGE_SIZE
from invocations.events import InvocationEvent
from invocations.models import Invocation
from invocations.stores import get_store
from invocations.stores.orm import OrmStore

from .conftest import permissions
from .pages import LOG, text_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def browser(operator: User, client: Client) -> Client:
    client.force_login(operator)
    return client


def called(skill: str = "greeter", *, second: int = 0, method: str = "tools/call", **fields: Any) -> InvocationEvent:
    failed = "error_message" in fields
    at = NOON + timedelta(seconds=second)
    event = InvocationEvent(skill, method, "error" if failed else "success", at, 1.25, **fields)
    get_store().write_batch([event])
    return event


def address(event: InvocationEvent) -> str:
    """Where the page of a call is."""
    at = quote(f"{event.invoked_at.isoformat()}_{event.id}")
    return f"{LOG}call/?skill={quote(event.skill)}&at={at}"


def clients(answer: Any) -> list[str]:
    """Which calls a page shows, by the names of their clients."""
    return re.findall(r'class="field-client">([^<]*)<', answer.text)


def test_list_tells_what_was_called_by_whom_and_what_became_of_it(browser: Client) -> None:
    called(version=3, client="agent/1", caller="olga", error_message="no such file")

    page = text_of(browser.get(LOG))
    for text in ("greeter", "v3", "tools/call", "error", "1.3 ms", "agent/1", "olga", "no such file"):
        assert text in page


def test_newest_call_comes_first(browser: Client) -> None:
    for second in (2, 1, 3):
        called(second=second, client=f"c{second}")
    assert clients(browser.get(LOG)) == ["c3", "c2", "c1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["d", "c", "b", "a"]),
        ({"skill": "greeter"}, ["c", "b", "a"]),
        ({"skill": "gree"}, []),
        ({"status": "error"}, ["d", "b"]),
        ({"method": "prompts/get"}, ["c"]),
        ({"client": "a"}, ["a"]),
        ({"version": "7"}, ["c"]),
        ({"since": "2026-11-22T12:00:02"}, ["d", "c"]),
        ({"until": "2026-11-22 12:00:02"}, ["b", "a"]),
        ({"skill": "greeter", "status": "error", "method": "tools/call"}, ["b"]),
        ({"before": "yesterday"}, ["d", "c", "b", "a"]),
    ],
)
def test_calls_are_filtered(browser: Client, query: dict[str, str], expected: list[str]) -> None:
    called(client="a")
    called(client="b", second=1, error_message="failed")
    called(client="c", second=2, method="prompts/get", version=7)
    called("unknown", client="d", second=3, error_message="no such skill")

    assert clients(browser.get(LOG, query)) == expected


def test_every_recorded_method_can_be_chosen(browser: Client) -> None:
    page = browser.get(LOG).text
    for method in ("tools/call", "prompts/get", "skills/get", "resources/read"):
        assert f'<option value="{method}">' in page


@pytest.mark.parametrize("query", [{"method": "no/such"}, {"version": "0"}, {"since": "some day"}])
def test_filter_that_cannot_be_meant_is_told_beside_its_field(browser: Client, query: dict[str, str]) -> None:
    called(client="a")
    page = browser.get(LOG, query)
    assert clients(page) == []
    assert 'class="errorlist' in page.text


@pytest.mark.parametrize("size", [1, 200])
@pytest.mark.parametrize(
    ("query", "expected"), [({}, 3), ({"skill": "greeter"}, 3), ({"status": "success", "method": "tools/call"}, 4)]
)
def test_list_asks_as_often_for_many_calls_as_for_one(
    browser: Client, query: dict[str, str], expected: int, size: int, django_assert_num_queries: Any
) -> None:
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", NOON, 1.0) for _ in range(size)])
    # Expect 3 or 4 queries:
    # * session
    # * user
    # * how far to look, for what no index finds
    # * calls, one more than the page shows
    with django_assert_num_queries(expected):
        page = browser.get(LOG, query)
    assert len(clients(page)) == min(size, 50)


def test_log_is_never_counted_and_read_no_further_than_is_shown(
    browser: Client, django_assert_num_queries: Any
) -> None:
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", NOON, 1.0) for _ in range(60)])
    with django_assert_num_queries(3) as queries:
        browser.get(LOG)
    assert queries[-1]["sql"].endswith(f"LIMIT {PAGE_SIZE + 1}")
    assert "COUNT" not in queries[-1]["sql"]


def test_pages_follow_one_another(browser: Client) -> None:
    for second in range(120):
        called(second=second, client=f"c{second}")

    address, shown = LOG, []
    while address:
        page = browser.get(address)
        shown += clients(page)
        older = re.search(r'<a [^>]*href="([^"]*)" rel="next"', page.text)
        address = LOG + html.unescape(older[1]) if older else ""
    assert shown == [f"c{second}" for second in reversed(range(120))]


def test_page_of_a_call_shows_everything_that_was_recorded(browser: Client) -> None:
    fields: dict[str, Any] = {
        "session_id": "s-1",
        "trace_id": "t-1",
        "protocol_version": "2026-07-28",
        "request_params": '{"a":1}',
    }
    event = called(**fields)

    page = text_of(browser.get(address(event)))
    for value in fields.values():
        assert value in page


def test_call_is_reached_from_the_list_whatever_its_skill_was_called(browser: Client) -> None:
    called("../a/b&c?#é", trace_id="t-9")
    [link] = re.findall(r'href="([^"]*/call/[^"]*)"', browser.get(LOG).text)
    assert "t-9" in text_of(browser.get(html.unescape(link)))


@pytest.mark.parametrize("query", ["", "?skill=greeter", "?skill=greeter&at=x", "?skill=other&at={at}"])
def test_call_that_is_not_there_is_404(browser: Client, query: str) -> None:
    event = called()
    at = quote(f"{event.invoked_at.isoformat()}_{event.id}")
    assert browser.get(f"{LOG}call/{query.format(at=at)}").status_code == 404


def test_log_cannot_be_written(browser: Client) -> None:
    event = called()
    for page in (LOG, address(event)):
        assert browser.post(page, {"action": "delete_selected"}).status_code == 403
    assert browser.get(f"{LOG}add/").status_code == 404
    assert Invocation.objects.count() == 1


def test_log_that_cannot_be_read_is_said_in_words(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    event = called()

    def away(*args: Any, **kwargs: Any) -> None:
        raise OSError("no answer")

    for method in ("calls", "call"):
        monkeypatch.setattr(OrmStore, method, away)
    for page in (LOG, address(event)):
        assert "cannot be read just now" in text_of(browser.get(page))


@pytest.mark.parametrize(
    ("held", "expected"), [([], 403), (["view_skill", "publish_skill"], 403), (["view_invocation"], 200)]
)
def test_log_is_seen_by_who_may(client: Client, held: list[str], expected: int) -> None:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)
    event = called()

    for page in (LOG, address(event)):
        assert client.get(page).status_code == expected
