"""Pages of the log to older and to newer calls, in SQL and in DynamoDB; how far is looked for rare calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invocations import queries
from invocations.events import InvocationEvent
from invocations.stores import orm_reading
from invocations.stores.base import FIRST_ID, CallFilter, InvocationStore, Position
from invocations.stores.dynamodb import DynamoStore
from invocations.stores.orm import OrmStore

from .support.call_logs import NOW, called, everything

pytestmark = pytest.mark.django_db(transaction=True)

ALL = CallFilter()
START = Position(NOW - timedelta(days=1), FIRST_ID)


def forwards(
    store: InvocationStore, wanted: CallFilter = ALL, limit: int = 3, start: Position = START
) -> list[InvocationEvent]:
    """All pages from a position to the newest call."""
    found: list[InvocationEvent] = []
    position: Position | None = start
    while position:
        page = store.calls(wanted, position, limit, newer=True)
        assert len(page.calls) <= limit
        assert list(page.calls) == sorted(page.calls, key=lambda call: (call.invoked_at, call.id), reverse=True)
        assert page.next is None or page.next > position, "it goes on"
        found = [*page.calls, *found]
        position = page.next
    return found


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_to_newer_calls_are_those_to_older_ones(log: InvocationStore, limit: int) -> None:
    log.write_batch([called(f"skill-{number % 5}", second=number // 7) for number in range(40)])
    assert forwards(log, limit=limit) == everything(log)


@pytest.mark.parametrize(
    "wanted",
    [
        CallFilter(skill="skill-1"),
        CallFilter(status="error"),
        CallFilter(skill="skill-1", status="error", method="prompts/get"),
        CallFilter(client="b", caller="x", version=2),
        CallFilter(since=NOW + timedelta(seconds=5), until=NOW + timedelta(seconds=20)),
    ],
)
def test_filters_hold_in_both_directions(log: InvocationStore, wanted: CallFilter) -> None:
    log.write_batch(
        [
            called(
                f"skill-{number % 3}",
                second=number,
                status="error" if number % 4 == 0 else "success",
                method="prompts/get" if number % 2 else "tools/call",
                client="ab"[number % 2],
                caller="xy"[number % 5 // 3],
                version=number % 3 + 1,
            )
            for number in range(60)
        ]
    )
    found = everything(log, wanted, 4)
    assert found == forwards(log, wanted, 4)
    assert bool(found) == (wanted != CallFilter(skill="skill-1", status="error", method="prompts/get"))


def test_newest_calls_after_a_call_do_not_include_it(log: InvocationStore) -> None:
    events = [called(second=number // 2) for number in range(6)]
    log.write_batch(events)
    for number, event in enumerate(everything(log)):
        assert forwards(log, start=Position(event.invoked_at, event.id)) == everything(log)[:number]


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("wanted", [CallFilter(method="prompts/get"), CallFilter(skill="a", client="rare")])
def test_rare_calls_are_found_by_going_on_from_page_to_page(
    log: InvocationStore, wanted: CallFilter, newer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invocations.stores.orm_reading.SEARCH_MAX", 10)
    monkeypatch.setattr("invocations.stores.dynamodb_reading.SEARCH_MAX", 5)
    monkeypatch.setattr("invocations.stores.dynamodb_reading.QUERIES_MAX", 1)
    rare: dict[str, Any] = {"method": "prompts/get", "client": "rare"}
    events = [called("a", second=number, **(rare if number in (3, 47) else {})) for number in range(50)]
    log.write_batch(events)

    page = log.calls(wanted, START if newer else None, 20, newer=newer)
    assert (len(page.calls), page.looked_through) == (1, 10 if isinstance(log, OrmStore) else 12)
    assert page.next is not None
    assert everything(log, wanted, 20) == forwards(log, wanted, 20) == [events[47], events[3]]


def test_full_page_says_nothing_of_what_it_looked_through(log: InvocationStore) -> None:
    log.write_batch([called(second=number, method="prompts/get") for number in range(9)])
    page = log.calls(CallFilter(method="prompts/get"), None, 4)
    assert (len(page.calls), page.looked_through) == (4, None)


FOUND_BY = [
    (CallFilter(), "invoked_at"),
    (CallFilter(method="tools/call", version=3), "invoked_at"),
    (CallFilter(status="error"), "invocation_failed"),
    (CallFilter(status="success", method="tools/call"), "invoked_at"),
    (CallFilter(skill="a"), "invocation_by_skill"),
    (CallFilter(skill="a", caller="x", client="y", method="tools/call"), "invocation_by_skill"),
    (CallFilter(skill="a", status="error", client="y"), "invocation_failed_by_skill"),
    (CallFilter(caller="x", client="y", status="error"), "invocation_by_caller"),
    (CallFilter(client="y", version=2), "invocation_by_client"),
]


@pytest.mark.sqlite  # PostgreSQL chooses by what it knows of the rows
@pytest.mark.parametrize("position", [{}, {"before": START}, {"after": START}])
@pytest.mark.parametrize(("wanted", "index"), FOUND_BY)
def test_calls_are_found_by_an_index_and_within_both_ends_of_it(
    wanted: CallFilter, index: str, position: dict[str, Any], settings: Any
) -> None:
    settings.INVOCATION_LOG_TTL_DAYS = 30
    OrmStore().write_batch([called(second=number / 1000) for number in range(orm_reading.SEARCH_MAX)])
    with CaptureQueriesContext(connection) as asked:
        queries.calls(wanted, **position)
    for query in asked.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            plan = cursor.fetchone()[3]
        assert f"INDEX {index} " in plan or f"_{index}_" in plan
        assert "invoked_at>? AND invoked_at<?" in plan


def test_newer_calls_of_all_skills_open_only_those_called_since(dynamo: DynamoStore) -> None:
    dynamo.write_batch([called(f"skill-{number}", second=number) for number in range(20)])
    page = dynamo.calls(ALL, Position(NOW + timedelta(seconds=17), FIRST_ID), 10, newer=True)
    assert [call.skill for call in page.calls] == ["skill-19", "skill-18", "skill-17"]
