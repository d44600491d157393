"""The log and the counters, the same in SQL and in DynamoDB (over real connections)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.connection import Connection

from invocations.events import InvocationEvent
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores.base import ALL, CallFilter, InvocationStore, Position
from invocations.stores.dynamodb import DynamoStore
from invocations.stores.orm import OrmStore
from invocations.stores.tables import CallItem
from invocations.usage import Use
from skills_registry.catalog.tables import SkillItem

from .support.call_logs import NOW, called, everything
from .support.faults import FaultyDynamo, conflict, leave_unprocessed, lose_answer, throttle
from .support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def newest_first(events: list[InvocationEvent]) -> list[InvocationEvent]:
    return sorted(events, key=lambda event: (event.invoked_at, event.id), reverse=True)


def assert_counters_are_the_rows(store: InvocationStore, events: list[InvocationEvent]) -> None:
    """Every event is there once, and the counters say so."""
    rows = everything(store)
    assert sorted(row.id for row in rows) == sorted(event.id for event in events)
    for counter in store.counters():
        mine = [row for row in rows if row.skill == counter.skill]
        assert (counter.calls, counter.errors) == (len(mine), sum(row.status == "error" for row in mine))
        assert counter.last_call == max(row.invoked_at for row in mine)
    for skill in {ALL, *(row.skill for row in rows)}:
        mine = [row for row in rows if skill in (ALL, row.skill)]
        days = {row.invoked_at.date() for row in mine}
        assert store.days([skill], min(days), max(days))[skill] == {
            day: Use(
                sum(row.invoked_at.date() == day for row in mine),
                sum(row.invoked_at.date() == day and row.status == "error" for row in mine),
            )
            for day in days
        }


def test_call_comes_back_as_it_was_recorded(log: InvocationStore) -> None:
    full = called(
        version=3,
        status="error",
        error_message="no such file",
        request_params='{"a": "ü"}',
        session_id="s",
        client="agent/1",
        caller="olga",
        protocol_version="2026-07-28",
        trace_id="t",
    )
    bare = called(second=-0.000001)
    log.write_batch([full, bare])

    assert everything(log) == [full, bare]
    assert log.call("greeter", Position(full.invoked_at, full.id)) == full
    assert log.call("other", Position(full.invoked_at, full.id)) is None


def test_batch_given_again_counts_once(log: InvocationStore) -> None:
    events = [called(second=number, status="error" if number % 3 else "success") for number in range(6)]
    log.write_batch(events[:3])
    log.write_batch(events)
    log.write_batch(list(reversed(events)))

    assert_counters_are_the_rows(log, events)


def test_later_call_stays_the_last_one_when_an_earlier_one_comes_in(log: InvocationStore) -> None:
    log.write_batch([called(second=10)])
    log.write_batch([called(second=5), called("other", second=1)])

    totals = log.totals(["greeter", "other", "never"])
    assert totals["greeter"].last_call == NOW + timedelta(seconds=10)
    assert [(name, total.calls) for name, total in totals.items()] == [("greeter", 2), ("other", 1), ("never", 0)]


def test_names_that_no_skill_has_are_logged_too(log: InvocationStore) -> None:
    odd = ["", "-", "x" * 300, "a#b", "é\0", "UPPER/slash ..", " "]
    log.write_batch([called(name, second=number) for number, name in enumerate(odd)])
    assert len(everything(log)) == len(odd)
    assert sum(counter.calls for counter in log.counters()) == len(odd)


FILTERS: list[tuple[CallFilter, str]] = [
    (CallFilter(), "fedcba"),
    (CallFilter(skill="greeter"), "ecba"),
    (CallFilter(skill="nobody"), ""),
    (CallFilter(status="error"), "eb"),
    (CallFilter(method="prompts/get"), "c"),
    (CallFilter(client="agent/1"), "d"),
    (CallFilter(caller="olga"), "f"),
    (CallFilter(version=2), "a"),
    (CallFilter(since=NOW + timedelta(seconds=2)), "fedc"),
    (CallFilter(until=NOW + timedelta(seconds=2)), "ba"),
    (CallFilter(skill="greeter", since=NOW + timedelta(seconds=1), until=NOW + timedelta(seconds=4)), "cb"),
    (CallFilter(skill="greeter", status="error", method="tools/call"), "eb"),
    (CallFilter(skill_contains="REET"), "ecba"),
    (CallFilter(skill_contains="%"), ""),
    (CallFilter(client_contains="gent"), "d"),
    (CallFilter(caller_contains="LG", skill_contains="hir"), "f"),
    (CallFilter(text="SUCH file"), "eb"),
    (CallFilter(text="hello_"), "a"),
    (CallFilter(text="hell__"), ""),
    (CallFilter(text="hello", status="error"), ""),
    (CallFilter(slower_than=50), "cb"),
    (CallFilter(slower_than=100), "c"),
]


@pytest.mark.parametrize(("wanted", "expected"), FILTERS)
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_filters_choose_calls(log: InvocationStore, wanted: CallFilter, expected: str, limit: int) -> None:
    log.write_batch(
        [
            called(second=0, trace_id="a", version=2, request_params='{"input":"hello_"}'),
            called(second=1, trace_id="b", status="error", error_message="No such file", duration_ms=60.0),
            called(second=2, trace_id="c", method="prompts/get", duration_ms=200.0),
            called("other", second=3, trace_id="d", client="agent/1"),
            called(second=4, trace_id="e", status="error", error_message="No such file"),
            called("third", second=5, trace_id="f", caller="olga"),
        ]
    )
    assert "".join(call.trace_id for call in everything(log, wanted, limit)) == expected


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_have_no_gaps_and_no_doubles_where_many_calls_share_a_moment(log: InvocationStore, limit: int) -> None:
    events = [called(f"skill-{number % 5}", second=number // 7) for number in range(40)]
    log.write_batch(events)
    assert everything(log, limit=limit) == newest_first(events)


def test_call_that_comes_in_between_two_pages_moves_nothing(log: InvocationStore) -> None:
    events = [called(second=number) for number in range(4)]
    log.write_batch(events)
    first = log.calls(CallFilter(), None, 2)
    log.write_batch([called(second=9)])
    second = log.calls(CallFilter(), first.next, 2)
    assert [*first.calls, *second.calls] == newest_first(events)


def test_expired_calls_are_left_out_and_stay_counted(log: InvocationStore, settings: Any) -> None:
    settings.INVOCATION_LOG_TTL_DAYS = 2
    old, new = called(second=-3 * 86_400), called()
    log.write_batch([old, new])

    assert everything(log) == [new]
    assert log.call("greeter", Position(old.invoked_at, old.id)) is None
    assert log.totals(["greeter"])["greeter"].calls == 2
    assert (log.prune(), log.prune()) == (1 if isinstance(log, OrmStore) else 0, 0)
    assert everything(log) == [new]


def test_five_hundred_increments_by_each_of_sixteen_writers_are_eight_thousand(log: InvocationStore) -> None:
    def write(writer: int) -> None:
        for start in range(0, 500, 50):
            log.write_batch([called(second=writer + number / 1000) for number in range(start, start + 50)])

    at_once(write, range(16))
    [counter] = log.counters()
    assert counter.calls == 8000
    assert len(everything(log)) == 8000


def test_counts_are_carried_over_and_back_as_often_as_one_likes(dynamo: DynamoStore) -> None:
    sql = OrmStore()

    def carry(source: InvocationStore, target: InvocationStore) -> None:
        for counter in source.counters():
            target.import_counter(counter)

    def counts() -> list[tuple[int, int]]:
        return [(total.calls, total.errors) for store in (sql, dynamo) for total in store.totals(["greeter"]).values()]

    sql.write_batch([called(second=number) for number in range(5)])
    dynamo.write_batch([called(second=number, status="error") for number in range(2)])
    for _ in range(2):
        carry(sql, dynamo)
        assert counts() == [(5, 0), (7, 2)]
    for _ in range(2):
        carry(dynamo, sql)
        assert counts() == [(7, 2), (7, 2)]
    dynamo.write_batch([called(second=20)])
    sql.write_batch([called(second=21, status="error")])
    for _ in range(2):
        carry(dynamo, sql)
        carry(sql, dynamo)
    assert counts() == [(9, 3), (9, 3)]
    assert sql.totals(["greeter"]) == dynamo.totals(["greeter"])


def test_imports_at_the_same_time_as_calls_lose_neither(dynamo: DynamoStore) -> None:
    sql = OrmStore()
    sql.write_batch([called(second=number) for number in range(7)])
    [counted] = sql.counters()

    def work(number: int) -> None:
        if number % 2:
            dynamo.import_counter(counted)
        else:
            for step in range(20):
                dynamo.write_batch([called(second=100 + number + step / 100)])

    at_once(work, range(8))
    [counter] = dynamo.counters()
    assert (counter.calls, counter.imported_calls, counter.own_calls) == (87, 7, 80)


def test_counting_leaves_the_catalogs_attributes_alone(dynamo: DynamoStore) -> None:
    item = SkillItem("greeter", name="greeter", status="active", version="v1", updated_at="x", generation=4)
    item.save()
    dynamo.write_batch([called(), called(second=1)])

    found = SkillItem.get("greeter", consistent_read=True)
    assert (found.name, found.status, found.version, found.generation) == ("greeter", "active", "v1", 4)
    assert found.invocation_count == 2


def test_row_has_the_seeds_attributes(dynamo: DynamoStore, settings: Any) -> None:
    settings.INVOCATION_LOG_TTL_DAYS = 30
    event = called(status="error", error_message="bad", session_id="s", request_params="{}")
    dynamo.write_batch([event])

    items = Connection(region="us-east-1", host=CallItem.Meta.host).scan(CallItem.Meta.table_name)["Items"]
    [raw] = [item for item in items if not item["skill_id"]["S"].startswith("#")]
    assert raw == {
        "skill_id": {"S": "greeter"},
        "invoked_at": {"S": f"{NOW:%Y-%m-%dT%H:%M:%S.%fZ}#{event.id}"},
        "session_id": {"S": "s"},
        "method": {"S": "tools/call"},
        "duration_ms": {"N": "1.5"},
        "status": {"S": "error"},
        "error_message": {"S": "bad"},
        "request_params": {"S": "{}"},
        "expires_at": {"N": str(int(NOW.timestamp()) + 30 * 86_400)},
    }


def test_hot_skill_may_be_spread_over_shards_and_back_is_found_what_was_before(
    dynamo: DynamoStore, settings: Any
) -> None:
    before = [called(second=number) for number in range(10)]
    dynamo.write_batch(before)
    settings.INVOCATION_LOG_SHARDS = 4
    after = [called(second=number) for number in range(10, 30)]
    dynamo.write_batch(after)

    partitions = {item.skill_id for item in CallItem.scan() if not item.skill_id.startswith("#")}
    assert partitions == {"greeter", "greeter#1", "greeter#2", "greeter#3"}
    for wanted in (CallFilter(), CallFilter(skill="greeter")):
        assert everything(dynamo, wanted, limit=7) == newest_first(before + after)
    for event in before + after:
        assert dynamo.call("greeter", Position(event.invoked_at, event.id)) == event
    assert dynamo.totals(["greeter"])["greeter"].calls == 30


def test_first_page_asks_for_the_skills_on_it_and_not_for_all(broken: FaultyDynamo) -> None:
    store = DynamoStore()
    store.write_batch([called(f"skill-{number}", second=number) for number in range(60)])
    broken.asked.clear()

    assert [call.skill for call in store.calls(CallFilter(), None, 3).calls] == ["skill-59", "skill-58", "skill-57"]
    assert broken.asked["Query"] <= 5


def test_calls_since_a_moment_are_asked_of_the_skills_called_since_then(broken: FaultyDynamo) -> None:
    store = DynamoStore()
    store.write_batch([called(f"skill-{number}", second=number) for number in range(60)])
    broken.asked.clear()

    found = store.calls(CallFilter(since=NOW + timedelta(seconds=57)), None, 50).calls
    assert [call.skill for call in found] == ["skill-59", "skill-58", "skill-57"]
    assert broken.asked["Query"] == 3


def test_filter_that_leaves_out_nearly_everything_ends_its_page_and_goes_on(
    broken: FaultyDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invocations.stores.dynamodb_reading.SEARCH_MAX", 5)
    monkeypatch.setattr("invocations.stores.dynamodb_reading.QUERIES_MAX", 3)
    store = DynamoStore()
    oldest = called(status="error")
    store.write_batch([oldest, *(called(f"s-{number % 2}", second=1 + number) for number in range(80))])
    broken.asked.clear()

    first = store.calls(CallFilter(status="error"), None, 10)
    assert (first.calls, first.next is not None) == ([], True)
    assert broken.asked["Query"] <= 6
    assert everything(store, CallFilter(status="error"), limit=10) == [oldest]


@pytest.mark.parametrize("fault", [throttle, conflict, lose_answer])
@pytest.mark.parametrize("often", [1, 2])
def test_batch_is_written_once_whatever_befalls_it(broken: FaultyDynamo, fault: Any, often: int) -> None:
    events = [called(f"skill-{number % 4}", second=number) for number in range(120)]
    broken.faults["TransactWriteItems"] = itertools.repeat(fault, often)
    store = DynamoStore()
    for _ in range(3):
        try:
            store.write_batch(events)
            break
        except StoreUnavailable:
            continue
    assert_counters_are_the_rows(store, events)


def test_half_of_the_writes_failing_in_every_way_loses_and_doubles_nothing(broken: FaultyDynamo) -> None:
    broken.faults["TransactWriteItems"] = itertools.cycle([throttle, None, conflict, None, lose_answer, None])
    events = [called(f"skill-{number % 3}", second=number) for number in range(400)]
    store = DynamoStore()

    def write(start: int) -> None:
        for _ in range(20):
            try:
                return store.write_batch(events[start : start + 50])
            except StoreUnavailable:
                continue
        raise AssertionError("never written")

    at_once(write, range(0, 400, 50))
    assert_counters_are_the_rows(store, events)


def test_transaction_that_arrives_after_its_repetition_changes_nothing(broken: FaultyDynamo) -> None:
    late: list[Any] = []

    def delay(exchange: Any) -> None:
        late.append(exchange)
        exchange.hang_up()

    broken.faults["TransactWriteItems"] = iter([delay])
    events = [called(second=number) for number in range(3)]
    DynamoStore().write_batch(events)
    # DynamoDB remembers a request's token for ten minutes; this is what comes in after that.
    request = json.loads(late[0].body)
    late[0].body = json.dumps({**request, "ClientRequestToken": "forgotten"}).encode()
    late[0].handler.headers.replace_header("content-length", str(len(late[0].body)))
    status, answer = late[0].forward()

    assert (status, b"TransactionCanceledException" in answer) == (400, True)
    assert_counters_are_the_rows(DynamoStore(), events)


def test_counters_are_complete_when_a_batch_read_leaves_keys_for_later(broken: FaultyDynamo) -> None:
    store = DynamoStore()
    names = [f"skill-{number}" for number in range(5)]
    store.write_batch([called(name, second=number) for number, name in enumerate(names)])
    broken.faults["BatchGetItem"] = iter([leave_unprocessed, leave_unprocessed])

    assert [total.calls for total in store.totals(names).values()] == [1] * 5


def test_store_that_is_away_says_so(broken: FaultyDynamo) -> None:
    broken.away = True
    store = DynamoStore()
    attempts: list[Callable[[], object]] = [
        lambda: store.write_batch([called()]),
        lambda: store.totals(["greeter"]),
        lambda: store.calls(CallFilter(), None, 5),
        lambda: list(store.counters()),
    ]
    for attempt in attempts:
        with pytest.raises(StoreUnavailable):
            attempt()
