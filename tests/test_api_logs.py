"""The log of calls through the API: filters, and pages that continue where the last one ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from invocations.events import InvocationEvent
from invocations.models import Invocation
from invocations.stores import get_store

from .conftest import publish
from .support.api import Api

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


def called(skill: str = "greeter", *, at: datetime = NOON, method: str = "tools/call", **fields: Any) -> None:
    failed = "error_message" in fields
    get_store().write_batch([InvocationEvent(skill, method, "error" if failed else "success", at, 1.5, **fields)])


def ids(calls: list[dict[str, Any]]) -> list[str]:
    return [call["id"] for call in calls]


def test_call_tells_everything_that_was_recorded(api: Api) -> None:
    called(
        version=3,
        error_message="no such file",
        request_params='{"name":"greeter"}',
        session_id="s",
        client="agent/1",
        caller="olga",
        protocol_version="2026-07-28",
        trace_id="t",
    )

    assert api.get("logs/").json()["results"] == [
        {
            "id": str(Invocation.objects.get().pk),
            "skill": "greeter",
            "version": 3,
            "invoked_at": "2026-11-22T12:00:00Z",
            "method": "tools/call",
            "status": "error",
            "error_message": "no such file",
            "duration_ms": 1.5,
            "request_params": '{"name":"greeter"}',
            "session_id": "s",
            "client": "agent/1",
            "caller": "olga",
            "protocol_version": "2026-07-28",
            "trace_id": "t",
        }
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["d", "c", "b", "a"]),
        ({"skill": "greeter"}, ["c", "b", "a"]),
        ({"skill": "unknown"}, ["d"]),
        ({"skill": "nobody-ever"}, []),
        ({"status": "error"}, ["d", "b"]),
        ({"status": "success"}, ["c", "a"]),
        ({"method": "prompts/get"}, ["c"]),
        ({"skill": "greeter", "status": "error", "method": "tools/call"}, ["b"]),
        ({"skill_contains": "reet"}, ["c", "b", "a"]),
        ({"skill_contains": "reet", "status": "error"}, ["b"]),
        ({"client_contains": "agent"}, ["a"]),
        ({"caller_contains": "olg"}, []),
        ({"text": "such"}, ["d"]),
        ({"slower_than": 2}, []),
        ({"slower_than": 1}, ["d", "c", "b", "a"]),
        ({"limit": 2}, ["d", "c"]),
    ],
)
def test_filters_choose_calls(api: Api, query: dict[str, Any], expected: list[str]) -> None:
    called(trace_id="a", client="an-agent/1")
    called(trace_id="b", at=NOON + timedelta(seconds=1), error_message="failed")
    called(trace_id="c", at=NOON + timedelta(seconds=2), method="prompts/get")
    called("unknown", trace_id="d", at=NOON + timedelta(seconds=3), error_message="no such skill")

    found = api.get("logs/", **query).json()["results"]
    assert [call["trace_id"] for call in found] == expected


def test_logs_of_a_skill_are_its_own(api: Api) -> None:
    publish()
    called(trace_id="mine")
    called("other", trace_id="not mine")

    found = api.get("skills/greeter/logs/").json()["results"]
    assert [call["trace_id"] for call in found] == ["mine"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
def test_pages_have_no_gaps_and_no_doubles_where_many_calls_share_a_moment(api: Api, limit: int) -> None:
    for number in range(12):
        called(at=NOON + timedelta(microseconds=number // 5))
    newest_first = [str(pk) for pk in Invocation.objects.order_by("-invoked_at", "-pk").values_list("pk", flat=True)]

    pages = api.pages("logs/", limit=limit)
    assert [pk for page in pages for pk in ids(page)] == newest_first
    assert len(pages) == -(-12 // limit)


def test_next_page_keeps_the_filters(api: Api) -> None:
    publish()
    for number in range(6):
        called(at=NOON + timedelta(seconds=number), **({"error_message": "failed"} if number % 2 else {}))

    pages = api.pages("skills/greeter/logs/", status="error", limit=2)
    assert [[call["invoked_at"] for call in page] for page in pages] == [
        ["2026-11-22T12:00:05Z", "2026-11-22T12:00:03Z"],
        ["2026-11-22T12:00:01Z"],
    ]


def test_call_that_comes_in_between_two_pages_moves_nothing(api: Api) -> None:
    for number in range(4):
        called(at=NOON + timedelta(seconds=number))
    expected = [str(pk) for pk in Invocation.objects.values_list("pk", flat=True)]
    first = api.get("logs/", limit=2).json()
    called(at=NOON + timedelta(seconds=9))

    second = api.client.get(first["next"]).json()
    assert ids(first["results"]) + ids(second["results"]) == expected


def test_next_page_is_found_where_the_last_call_is_gone_by_then(api: Api) -> None:
    for number in range(4):
        called(at=NOON + timedelta(seconds=number))
    first = api.get("logs/", limit=2).json()
    rest = [str(pk) for pk in Invocation.objects.values_list("pk", flat=True)[2:]]
    Invocation.objects.filter(pk=first["results"][-1]["id"]).delete()

    assert ids(api.client.get(first["next"]).json()["results"]) == rest


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"cursor": "x"}, ["cursor"]),
        ({"cursor": str(uuid4())}, ["cursor"]),
        ({"cursor": "2026-11-22T12:00:00+00:00_x"}, ["cursor"]),
        ({"cursor": f"yesterday_{uuid4()}"}, ["cursor"]),
        ({"cursor": f"0001-01-01T00:00:00+14:00_{uuid4()}"}, ["cursor"]),
        ({"limit": 0}, ["limit"]),
        ({"limit": 501}, ["limit"]),
        ({"status": "failed"}, ["status"]),
        ({"skill": "\0"}, ["skill"]),
        ({"slower_than": 0}, ["slower_than"]),
        ({"text": "x" * 201}, ["text"]),
        ({"skil": "greeter", "limit": "all"}, ["limit", "skil"]),
    ],
)
def test_query_that_cannot_be_meant_is_400_with_the_parameters_name(
    api: Api, query: dict[str, Any], wrong: list[str]
) -> None:
    called()

    answer = api.get("logs/", **query)
    assert answer.status_code == 400
    assert sorted(answer.json()["fields"]) == wrong


def test_skill_is_no_filter_of_one_skills_logs(api: Api) -> None:
    publish()
    assert list(api.get("skills/greeter/logs/", skill="other").json()["fields"]) == ["skill"]


def test_logs_of_a_skill_that_is_not_there_are_404(api: Api) -> None:
    called("unknown")
    assert api.get("skills/unknown/logs/").status_code == 404


def test_log_is_read_in_one_query_and_never_counted(api: Api, django_assert_num_queries: Any) -> None:
    for _ in range(60):
        called()
    # Expect 3 queries:
    # * the token with its owner
    # * that the token was used
    # * calls, one more than the page shows
    with django_assert_num_queries(3) as queries:
        api.get("logs/", limit=50)
    assert queries[-1]["sql"].endswith("LIMIT 51")
