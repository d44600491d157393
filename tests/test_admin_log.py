"""The log of calls in the admin: read-only, filtered, and never read to its end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.admin import COUNTED_ROWS
from invocations.events import InvocationEvent
from invocations.models import Invocation
from invocations.store import write_batch

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
    write_batch([event])
    return event


def clients(answer: Any) -> list[str]:
    """Which calls a page shows, by the names of their clients."""
    return re.findall(r'class="field-client">([^<]*)<', answer.text)


def test_list_tells_what_was_called_by_whom_and_what_became_of_it(browser: Client) -> None:
    called(version=3, client="agent/1", caller="olga", error_message="no such file")

    page = text_of(browser.get(LOG))
    for text in ("greeter", "v3", "tools/call", "error", "1.2 ms", "agent/1", "olga", "no such file"):
        assert text in page


def test_newest_call_comes_first(browser: Client) -> None:
    for second in (2, 1, 3):
        called(second=second, client=f"c{second}")
    assert clients(browser.get(LOG)) == ["c3", "c2", "c1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["d", "c", "b", "a"]),
        ({"q": "greeter"}, ["c", "b", "a"]),
        ({"q": "gree"}, []),
        ({"status__exact": "error"}, ["d", "b"]),
        ({"method": "prompts/get"}, ["c"]),
        ({"method": "no/such"}, []),
        ({"q": "greeter", "status__exact": "error", "method": "tools/call"}, ["b"]),
        ({"o": "1"}, ["d", "c", "b", "a"]),
        ({"o": "-5.8"}, ["d", "c", "b", "a"]),
    ],
)
def test_calls_are_filtered_but_never_sorted_otherwise(
    browser: Client, query: dict[str, str], expected: list[str]
) -> None:
    called(client="a")
    called(client="b", second=1, error_message="failed")
    called(client="c", second=2, method="prompts/get")
    called("unknown", client="d", second=3, error_message="no such skill")

    assert clients(browser.get(LOG, query)) == expected


def test_every_recorded_method_can_be_chosen(browser: Client) -> None:
    page = browser.get(LOG).text
    for method in ("tools/call", "prompts/get", "skills/get", "resources/read"):
        assert f'href="?method={method.replace("/", "%2F")}"' in page


@pytest.mark.parametrize("size", [1, 200])
@pytest.mark.parametrize(
    "query", [{}, {"q": "greeter"}, {"status__exact": "success", "method": "tools/call"}, {"_facets": "True"}]
)
def test_list_asks_as_often_for_many_calls_as_for_one(
    browser: Client, query: dict[str, str], size: int, django_assert_num_queries: Any
) -> None:
    write_batch([InvocationEvent("greeter", "tools/call", "success", NOON, 1.0) for _ in range(size)])
    # Expect 4 queries:
    # * session
    # * user
    # * number of calls
    # * calls of the page
    with django_assert_num_queries(4):
        page = browser.get(LOG, query)
    assert len(clients(page)) == min(size, 50)


def test_log_is_counted_and_read_no_further_than_is_shown(browser: Client, django_assert_num_queries: Any) -> None:
    write_batch([InvocationEvent("greeter", "tools/call", "success", NOON, 1.0) for _ in range(60)])
    with django_assert_num_queries(4) as queries:
        browser.get(LOG)
    count, calls = (query["sql"] for query in queries if "invocations_invocation" in query["sql"])
    assert re.search(rf"COUNT.*LIMIT {COUNTED_ROWS}\b", count)
    assert calls.endswith("LIMIT 50")


def test_pages_follow_one_another(browser: Client) -> None:
    for second in range(120):
        called(second=second, client=f"c{second}")

    shown = [call for page in ("1", "2", "3") for call in clients(browser.get(LOG, {"p": page}))]
    assert shown == [f"c{second}" for second in reversed(range(120))]


def test_page_of_a_call_shows_everything_that_was_recorded(browser: Client) -> None:
    fields: dict[str, Any] = {
        "session_id": "s-1",
        "trace_id": "t-1",
        "protocol_version": "2026-07-28",
        "request_params": '{"a":1}',
    }
    event = called(**fields)

    page = text_of(browser.get(f"{LOG}{event.id}/change/"))
    for value in fields.values():
        assert value in page


@pytest.mark.parametrize("path", ["add/", "{id}/delete/", "{id}/change/"])
def test_log_cannot_be_written_by_address_either(browser: Client, path: str) -> None:
    event = called()
    form = {"skill": "other", "method": "m", "status": "success", "duration_ms": "1", "post": "yes"}

    assert browser.post(f"{LOG}{path.format(id=event.id)}", form).status_code == 403
    browser.post(LOG, {"action": "delete_selected", "_selected_action": [str(event.id)], "post": "yes"})
    assert list(Invocation.objects.values_list("skill", flat=True)) == ["greeter"]


@pytest.mark.parametrize(
    ("held", "expected"), [([], 403), (["view_skill", "publish_skill"], 403), (["view_invocation"], 200)]
)
def test_log_is_seen_by_who_may(client: Client, held: list[str], expected: int) -> None:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)
    event = called()

    for page in (LOG, f"{LOG}{event.id}/change/"):
        assert client.get(page).status_code == expected
