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

from invocations.events import InvocationEvent
from invocations.models import Invocation
from invocations.pages.log import PAGE_SIZE
from invocations.queries import SUMMED_MAX
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores import get_store
from invocations.stores.orm import OrmStore

from .conftest import permissions
from .support.pages import LOG, text_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(minutes=59))


def called(
    skill: str = "greeter", *, second: int = 0, method: str = "tools/call", duration: float = 1.25, **fields: Any
) -> InvocationEvent:
    failed = "error_message" in fields
    at = NOON + timedelta(seconds=second)
    event = InvocationEvent(skill, method, "error" if failed else "success", at, duration, **fields)
    get_store().write_batch([event])
    return event


def address(event: InvocationEvent) -> str:
    """Where the page of a call is."""
    at = quote(f"{event.invoked_at.isoformat()}_{event.id}")
    return f"{LOG}call/?skill={quote(event.skill)}&at={at}"


def clients(answer: Any) -> list[str]:
    """Which calls a page shows, by the names of their clients."""
    return re.findall(r'field-client">\s*(?:<a [^>]*><bdi>)?([^<]*?)\s*<', answer.text)


def link(answer: Any, rel: str) -> str:
    """Where a page's link to the next or the previous page leads; "" without one."""
    found = re.search(rf'<a [^>]*href="([^"]*)" rel="{rel}"', answer.text)
    return LOG + html.unescape(found[1]) if found else ""


def test_list_tells_what_was_called_by_whom_and_what_became_of_it(browser: Client) -> None:
    called(version=3, client="agent/1", caller="olga", error_message="no such file")

    page = text_of(browser.get(LOG))
    for text in (
        "2026-11-22 12:00:00",
        "greeter",
        "v3",
        "tools/call",
        "error",
        "1.3 ms",
        "agent/1",
        "olga",
        "no such file",
    ):
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
        ({"skill": "GREE"}, ["c", "b", "a"]),
        ({"skill": "gree", "exact": "on"}, []),
        ({"skill": "greeter", "exact": "on"}, ["c", "b", "a"]),
        ({"status": "error"}, ["d", "b"]),
        ({"method": "prompts/get"}, ["c"]),
        ({"client": "a"}, ["a"]),
        ({"caller": "olga"}, ["c"]),
        ({"caller": "lg"}, ["c"]),
        ({"caller": "lg", "exact": "on"}, []),
        ({"text": "NO SUCH"}, ["d"]),
        ({"text": "hello"}, ["a"]),
        ({"slower_than": "100"}, ["b"]),
        ({"slower_than": "300"}, []),
        ({"version": "7"}, ["c"]),
        ({"since": "2026-11-22T12:00:02"}, ["d", "c"]),
        ({"until": "2026-11-22 12:00:02"}, ["b", "a"]),
        ({"since": "2026-11-22T13:00:02+01:00", "until": "2026-11-22T12:00:03Z"}, ["c"]),
        ({"period": "1h"}, ["d", "c", "b", "a"]),
        ({"period": "1h", "status": "error"}, ["d", "b"]),
        ({"period": "1h", "until": "2026-11-22T12:00:01"}, ["a"]),
        ({"skill": "greeter", "status": "error", "method": "tools/call"}, ["b"]),
        ({"before": "yesterday"}, ["d", "c", "b", "a"]),
    ],
)
def test_calls_are_filtered(browser: Client, query: dict[str, str], expected: list[str]) -> None:
    called(client="a", request_params='{"input":"Say hello"}')
    called(client="b", second=1, duration=300.0, error_message="failed")
    called(client="c", second=2, method="prompts/get", version=7, caller="olga")
    called("unknown", client="d", second=3, error_message="no such skill")

    assert clients(browser.get(LOG, query)) == expected


def test_every_recorded_method_can_be_chosen(browser: Client) -> None:
    page = browser.get(LOG).text
    for method in ("tools/call", "prompts/get", "skills/get", "resources/read"):
        assert f'<option value="{method}">' in page


@pytest.mark.parametrize(
    "query",
    [
        {"method": "no/such"},
        {"version": "0"},
        {"version": "9" * 30},
        {"since": "some day"},
        {"until": "2026-13-01T00:00"},
        {"period": "2h"},
        {"skill": "\0"},
        {"slower_than": "0"},
        {"slower_than": "slow"},
        {"text": "x" * 201},
    ],
)
def test_filter_that_cannot_be_meant_is_told_beside_its_field(browser: Client, query: dict[str, str]) -> None:
    called(client="a")
    page = browser.get(LOG, query)
    assert clients(page) == []
    assert 'class="errorlist' in page.text


@pytest.mark.parametrize("size", [1, 200])
@pytest.mark.parametrize(
    ("query", "expected"),
    [({}, 4), ({"skill": "greeter", "exact": "on"}, 4), ({"status": "success", "method": "tools/call"}, 6)],
)
def test_list_asks_as_often_for_many_calls_as_for_one(
    browser: Client, query: dict[str, str], expected: int, size: int, django_assert_num_queries: Any
) -> None:
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", NOON, 1.0) for _ in range(size)])
    # Expect 4 or 6 queries:
    # * session
    # * user
    # * how far to look, for what no index finds
    # * calls, one more than the page shows
    # * how far to look, and the calls that are summed up
    with django_assert_num_queries(expected):
        page = browser.get(LOG, query)
    assert len(clients(page)) == min(size, 50)


def test_log_is_never_counted_and_read_no_further_than_is_shown(
    browser: Client, django_assert_num_queries: Any
) -> None:
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", NOON, 1.0) for _ in range(60)])
    with django_assert_num_queries(4) as queries:
        browser.get(LOG)
    assert queries[-2]["sql"].endswith(f"LIMIT {PAGE_SIZE + 1}")
    assert queries[-1]["sql"].endswith(f"LIMIT {SUMMED_MAX + 1}")
    assert "COUNT" not in queries[-1]["sql"] + queries[-2]["sql"]


def test_log_says_how_many_calls_the_filter_finds_and_how_long_they_took(browser: Client) -> None:
    for number in range(1, 101):
        failed: dict[str, Any] = {"error_message": "failed"} if number <= 3 else {}
        called(second=number, duration=number, **failed)
    assert "100 calls, 3 failed · median 50.0 ms, 95th percentile 95.0 ms" in text_of(browser.get(LOG))
    assert "10 calls, 0 failed · median 95.0 ms" in text_of(browser.get(LOG, {"slower_than": "90"}))
    assert "0 calls, 0 failed" in text_of(browser.get(LOG, {"text": "nowhere"}))


def test_log_says_where_there_are_more_calls_than_it_sums_up(browser: Client) -> None:
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", NOON, 1.0) for _ in range(1001)])
    assert "More than 1,000 calls; of the newest 1,000, 0 failed · median 1.0 ms" in text_of(browser.get(LOG))


def test_log_says_among_how_many_calls_it_has_looked(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invocations.stores.orm_reading.SEARCH_MAX", 10)
    for second in range(25):
        called(second=second, duration=second)
    text = text_of(browser.get(LOG, {"slower_than": "20"}))
    assert "Newest 10 calls searched: 4 calls, 0 failed" in text


def test_log_sums_up_its_page_where_the_store_sums_up_no_more(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrmStore, "summary", lambda *args: None)
    for second in range(60):
        called(second=second)
    assert "On this page (this store cannot total all calls): 50 calls, 0 failed" in text_of(browser.get(LOG))


def test_pages_follow_one_another_to_older_calls_and_back(browser: Client) -> None:
    for second in range(120):
        called(second=second, client=f"c{second}")
    newest_first = [f"c{second}" for second in reversed(range(120))]

    page, older = browser.get(LOG), []
    while address := link(page, "next"):
        older += clients(page)
        page = browser.get(address)
    assert older + clients(page) == newest_first

    newer = clients(page)
    while address := link(page, "prev"):
        page = browser.get(address, follow=True)
        newer = [*(client for client in clients(page) if client not in newer), *newer]
    assert newer == newest_first
    assert link(browser.get(LOG), "prev") == ""


def test_pages_keep_the_filter(browser: Client) -> None:
    for second in range(120):
        failed: dict[str, Any] = {"error_message": "failed"} if second % 2 else {}
        called(second=second, client=f"c{second}", **failed)
    second_page = browser.get(link(browser.get(LOG, {"status": "error"}), "next"))
    assert clients(second_page) == [f"c{second}" for second in range(19, 0, -2)]


def test_page_back_to_the_newest_calls_is_full_again(browser: Client) -> None:
    events = [called(second=second, client=f"c{second}") for second in range(60)]
    place = f"{events[40].invoked_at.isoformat()}_{events[40].id}"

    newest = browser.get(link(browser.get(LOG, {"before": place}), "prev"), follow=True)
    assert clients(newest) == [f"c{second}" for second in range(59, 9, -1)]


def test_page_says_how_many_calls_it_looked_at_and_looks_further(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invocations.stores.orm_reading.SEARCH_MAX", 10)
    for second in range(25):
        called(second=second, client=f"c{second}", method="prompts/get" if second in (3, 20) else "tools/call")

    first = browser.get(LOG, {"method": "prompts/get"})
    assert clients(first) == ["c20"]
    assert "Searched 10 calls back to 2026-11-22 12:00:15 , found 1." in text_of(first)
    assert "Keep searching" in text_of(first)
    further = browser.get(link(first, "next"))
    assert clients(further) == []
    assert "No matching calls found so far." in text_of(further)
    assert clients(browser.get(link(further, "next"))) == ["c3"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [({}, "No calls yet."), ({"status": "error"}, "No calls match this filter."), ({"period": "1h"}, "No calls match")],
)
def test_page_without_calls_says_why(browser: Client, query: dict[str, str], expected: str) -> None:
    assert expected in text_of(browser.get(LOG, query))


def test_moments_are_those_of_the_readers_zone(browser: Client) -> None:
    called(client="a")
    browser.cookies["timezone"] = "Asia/Shanghai"

    page = browser.get(LOG, {"since": "2026-11-22T20:00:00"})
    assert clients(page) == ["a"]
    assert "2026-11-22 20:00:00" in text_of(page)
    assert clients(browser.get(LOG, {"since": "2026-11-22T20:00:01"})) == []
    assert 'value="2026-11-22T20:00:00"' in browser.get(LOG, {"since": "2026-11-22T12:00:00Z"}).text


def followed(browser: Client, **query: str) -> tuple[list[str], Any]:
    answer = browser.get(f"{LOG}follow/", query)
    assert answer.status_code == 200
    return clients(answer), answer.headers


def test_follower_gets_the_newest_calls_since_it_asked_and_those_that_came_late(browser: Client) -> None:
    [began] = re.findall('data-since="([^"]*)"', browser.get(LOG).text)
    assert began == "2026-11-22T12:58:45+00:00"
    called(client="old")
    called(client="late", second=59 * 60 - 10)
    called(client="new", second=59 * 60 + 1)

    found, headers = followed(browser, **{"from": began})
    assert found == ["new", "late"]
    assert (headers["X-Log-From"], "X-Log-More" in headers) == (began, False)
    assert followed(browser, **{"from": began, "client": "new"})[0] == ["new"]
    assert followed(browser, **{"from": "2026-11-22T12:59:01+00:00"})[0] == ["new"]


def test_follower_is_told_of_more_calls_than_it_gets(browser: Client) -> None:
    get_store().write_batch([InvocationEvent("a", "tools/call", "success", NOON, 1.0) for _ in range(60)])
    found, headers = followed(browser, **{"from": NOON.isoformat()})
    assert (len(found), headers["X-Log-More"]) == (50, "1")


@pytest.mark.parametrize("query", [{}, {"from": "x"}, {"from": "0001-01-01T00:00:00+14:00"}, {"version": "x"}])
def test_follower_that_asks_for_nothing_is_refused(browser: Client, query: dict[str, str]) -> None:
    assert browser.get(f"{LOG}follow/", query).status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"), [("", True), ("?status=error", True), ("?until=2026-11-22T12:00", False)]
)
def test_only_the_newest_calls_are_followed(browser: Client, query: str, expected: bool) -> None:
    called()
    page = browser.get(f"{LOG}{query}")
    assert ("follow.js" in page.text, "data-follow" in page.text) == (expected, expected)


def test_names_in_the_list_lead_to_their_calls(browser: Client) -> None:
    called("a&b", client="c=d", caller="e f")
    called("other", client="other", caller="other")
    for name in ("skill", "client", "caller"):
        found = re.findall(rf'href="({LOG}\?{name}=[^"]*)"', browser.get(LOG).text)
        address = next(href for href in found if "%" in href)
        assert "exact=on" in address
        assert clients(browser.get(html.unescape(address))) == ["c=d"]


def test_page_of_a_call_shows_everything_that_was_recorded(browser: Client) -> None:
    fields: dict[str, Any] = {
        "session_id": "s-1",
        "trace_id": "t-1",
        "protocol_version": "2026-07-28",
        "client": "agent/1",
        "caller": "olga",
        "error_message": "no such file",
    }
    event = called(request_params='{"a":1,"token":"***"}', **fields)

    page = text_of(browser.get(address(event)))
    for value in fields.values():
        assert value in page
    assert '{ "a": 1, "token": "***" }' in page


@pytest.mark.parametrize(
    ("kept", "told"), [("", "No parameters were recorded."), ('{"a":"b', "only the first kilobyte is kept"), ("x", "x")]
)
def test_parameters_that_were_not_kept_whole_are_told(browser: Client, kept: str, told: str) -> None:
    assert told in text_of(browser.get(address(called(request_params=kept))))


def test_call_is_shown_in_the_log_with_what_was_called_before(browser: Client) -> None:
    events = [called(second=second // 2, client=f"c{second}") for second in range(4)]
    page = browser.get(address(events[1]))
    [place] = re.findall(r'href="([^"]*before=[^"]*)"', page.text)
    assert sorted(clients(browser.get(html.unescape(place)))) == ["c0", "c1"]


def test_call_is_reached_from_the_list_whatever_its_skill_was_called(browser: Client) -> None:
    called("../a/b&c?#é", trace_id="t-9")
    [link] = re.findall(r'href="([^"]*/call/[^"]*)"', browser.get(LOG).text)
    assert "t-9" in text_of(browser.get(html.unescape(link)))


@pytest.mark.parametrize(
    "query", ["", "?skill=greeter", "?skill=greeter&at=x", "?skill=other&at={at}", "?skill=%00&at={at}"]
)
def test_call_that_is_not_there_is_404(browser: Client, query: str) -> None:
    event = called()
    at = quote(f"{event.invoked_at.isoformat()}_{event.id}")
    assert browser.get(f"{LOG}call/{query.format(at=at)}").status_code == 404


def test_log_cannot_be_written(browser: Client) -> None:
    event = called()
    for page in (LOG, address(event)):
        assert browser.post(page, {"action": "delete_selected"}).status_code == 405
    assert browser.get(f"{LOG}add/").status_code == 404
    assert Invocation.objects.count() == 1


def test_log_that_cannot_be_read_is_said_in_words(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    event = called()

    def away(*args: Any, **kwargs: Any) -> None:
        raise StoreUnavailable("no answer")

    for method in ("calls", "call"):
        monkeypatch.setattr(OrmStore, method, away)
    for page in (LOG, address(event)):
        assert "The call log is not responding" in text_of(browser.get(page))


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
