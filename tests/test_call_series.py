"""Calls by day and how a skill is used, the same in SQL and in DynamoDB; what the pages of operators draw."""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps

from invocations import queries, usage
from invocations.models import DayCount
from invocations.stores.base import InvocationStore
from invocations.stores.dynamodb import DynamoStore
from invocations.stores.orm import OrmStore
from invocations.usage import Share, Use

from .support.call_logs import called
from .support.faults import FaultyDynamo

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400
TODAY = usage.today()


@pytest.fixture
def asked(log: InvocationStore, settings: Any) -> InvocationStore:
    """The log that `queries` reads."""
    settings.INVOCATION_STORE = f"{type(log).__module__}.{type(log).__name__}"
    return log


def at_noon(skill: str = "greeter", days_ago: int = 0, **fields: Any) -> Any:
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC) - timedelta(days=days_ago)
    return called(skill, at=noon, **fields)


def test_each_day_has_its_calls_and_errors_and_days_without_any_have_zeros(asked: InvocationStore) -> None:
    asked.write_batch([at_noon(days_ago=3), at_noon(days_ago=3, status="error"), at_noon(days_ago=1)])
    asked.write_batch([at_noon("other", days_ago=1, status="error")])

    since = TODAY - timedelta(days=4)
    found = queries.series(["greeter", "other", "never"], since, TODAY)
    uses = {name: [(use.calls, use.errors) for use in series.uses] for name, series in found.items() if series}
    assert uses == {
        "greeter": [(0, 0), (2, 1), (0, 0), (1, 0), (0, 0)],
        "other": [(0, 0), (0, 0), (0, 0), (1, 1), (0, 0)],
        "never": [(0, 0)] * 5,
    }
    together = queries.series(None, since, TODAY)
    assert together is not None
    assert [day for day, use in together.days if use.calls] == [TODAY - timedelta(days=3), TODAY - timedelta(days=1)]
    assert (together.total, together.until) == (Use(4, 2), TODAY)


def test_a_day_is_one_of_utc(asked: InvocationStore) -> None:
    last = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    first = datetime.fromisoformat("2026-03-01T01:00:00+01:00")
    asked.write_batch([called(at=last), called(at=first), called(at=first)])

    series = queries.series(None, date(2026, 2, 28), date(2026, 3, 1))
    assert series is not None
    assert [use.calls for use in series.uses] == [1, 2]


def test_every_name_that_was_called_is_found_with_its_calls(asked: InvocationStore) -> None:
    asked.write_batch([at_noon(days_ago=40), at_noon(days_ago=40), at_noon(days_ago=2), at_noon("a b", days_ago=40)])
    assert queries.uses(*usage.last_days(60)) == {"greeter": Use(3), "a b": Use(1)}
    assert queries.uses(*usage.last_days(30)) == {"greeter": Use(1)}
    assert queries.uses(*usage.last_days(1)) == {}
    assert queries.called_since(TODAY - timedelta(days=41)) == {"greeter", "a b"}
    assert queries.called_since(TODAY - timedelta(days=2)) == {"greeter"}
    assert queries.called_since(TODAY - timedelta(days=1)) == set()


def test_days_outlast_the_calls_themselves(asked: InvocationStore, settings: Any) -> None:
    settings.INVOCATION_LOG_TTL_DAYS = 2
    asked.write_batch([at_noon(days_ago=20)])
    asked.prune()
    assert queries.uses(*usage.last_days(30)) == {"greeter": Use(1)}


def test_days_are_gone_after_a_year_and_a_month() -> None:
    store = OrmStore()
    store.write_batch([at_noon(days_ago=401), at_noon(days_ago=400)])
    store.prune()
    assert {row.day for row in DayCount.objects.all()} == {TODAY - timedelta(days=400)}


def test_calls_of_two_months_and_many_skills_fit_into_transactions(dynamo: DynamoStore) -> None:
    events = [
        called(f"skill-{number}", at=datetime(2026, 1 + number % 2, 5, tzinfo=UTC) + timedelta(seconds=number))
        for number in range(150)
    ]
    dynamo.write_batch(events)
    dynamo.write_batch(events)
    assert dynamo.uses(date(2026, 1, 1), date(2026, 2, 28)) == {event.skill: Use(1) for event in events}


def test_page_of_a_hundred_skills_is_one_query_in_sql(django_assert_num_queries: Any) -> None:
    names = [f"skill-{number}" for number in range(100)]
    OrmStore().write_batch([at_noon(name) for name in names])
    with django_assert_num_queries(1):
        found = queries.series(names, *usage.last_days(30))
    assert all(series and series.total.calls == 1 for series in found.values())


def test_page_of_a_hundred_skills_is_a_batch_read_for_each_month(broken: FaultyDynamo) -> None:
    names = [f"skill-{number}" for number in range(100)]
    store = DynamoStore()
    store.write_batch([at_noon(name) for name in names])
    broken.asked.clear()
    assert len(store.days(names, date(2026, 10, 20), date(2026, 11, 25))) == 100
    assert broken.asked == {"BatchGetItem": 2}


def test_usage_tells_latencies_and_who_calls_which_version(asked: InvocationStore) -> None:
    asked.write_batch(
        [at_noon(duration_ms=float(number), version=1, client="agent/1", caller="olga") for number in range(1, 100)]
        + [at_noon(duration_ms=100.0, status="error", version=2, caller="arno"), at_noon("other", version=9)]
    )
    found = queries.usage("greeter")
    assert found is not None
    assert (found.total, found.complete, found.p50, found.p95, found.p99) == (Use(100, 1), True, 50, 95, 99)
    assert found.versions == [Share("v1", Use(99)), Share("v2", Use(1, 1))]
    assert found.clients == [Share("agent/1", Use(99)), Share("", Use(1, 1))]
    assert found.callers == [Share("olga", Use(99)), Share("arno", Use(1, 1))]


def test_usage_says_when_it_has_not_looked_at_all_calls(
    asked: InvocationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SAMPLE_MAX", 5)
    asked.write_batch([at_noon(days_ago=number, duration_ms=float(number)) for number in range(8)])
    found = queries.usage("greeter")
    assert found is not None
    assert (found.total.calls, found.complete, found.p99, found.oldest) == (5, False, 4, at_noon(days_ago=4).invoked_at)
    since = at_noon(days_ago=2).invoked_at
    recent = queries.usage("greeter", since)
    assert recent is not None
    assert (recent.total.calls, recent.complete) == (3, True)


BEGAN = datetime(2026, 11, 22, 7, tzinfo=UTC)


@pytest.fixture
def hours_logged() -> OrmStore:
    """In the first hour two calls, in the second one, in the last three; and others of another skill."""
    moments = [(0, "error"), (0, "success"), (1, "success"), (23, "error"), (23, "error"), (23, "error")]
    store = OrmStore()
    store.write_batch([called(at=BEGAN + hour * usage.HOUR, status=status) for hour, status in moments])
    store.write_batch([called("other", at=BEGAN + hour * usage.HOUR) for hour in (-1, 5, 24)])
    return store


def test_hours_are_counted_by_when_they_began(hours_logged: OrmStore) -> None:
    found = hours_logged.hours("greeter", BEGAN, 24)
    assert found is not None
    series = usage.by_hour(BEGAN, found.uses, 24)
    assert [(at.hour, use) for at, use in series.days if use.calls and isinstance(at, datetime)] == [
        (7, Use(2, 1)),
        (8, Use(1)),
        (6, Use(3, 3)),
    ]
    assert found.complete
    together = hours_logged.hours("", BEGAN, 24)
    assert together is not None
    assert usage.by_hour(BEGAN, together.uses, 24).total == Use(7, 4)


def test_of_too_many_calls_the_newest_are_counted_by_hour(
    hours_logged: OrmStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invocations.stores.orm_hours.COUNTED_MAX", 4)
    found = hours_logged.hours("greeter", BEGAN, 24)
    assert found is not None
    counted = usage.by_hour(BEGAN, found.uses, 24)
    assert (counted.uses[0], counted.uses[1], counted.uses[23], found.complete) == (Use(), Use(1), Use(3, 3), False)


def test_usage_of_what_was_never_called_is_empty(asked: InvocationStore) -> None:
    found = queries.usage("never")
    assert found is not None
    assert (found.total, found.p50, found.oldest, found.versions) == (Use(), None, None, [])


def test_pages_learn_that_the_store_is_away(broken: FaultyDynamo, settings: Any) -> None:
    settings.INVOCATION_STORE = "invocations.stores.dynamodb.DynamoStore"
    broken.away = True
    assert queries.series(["greeter"], TODAY, TODAY) == {"greeter": None}
    assert queries.series(None, TODAY, TODAY) is None
    assert queries.uses(TODAY, TODAY) is None
    assert queries.called_since(TODAY) is None
    assert queries.usage("greeter") is None


def test_skills_are_chosen_by_what_they_are_called_for() -> None:
    uses = {"busy": Use(90, 1), "bad": Use(10, 5), "worse": Use(5, 5), "rare": Use(4, 4), "idle": Use()}
    assert [share.name for share in usage.most_called(uses, 2)] == ["busy", "bad"]
    failing = usage.failing(uses, 9, least_calls=5, rate=0.1)
    assert [share.name for share in failing] == ["worse", "bad"]


def test_part_of_a_series_is_a_series() -> None:
    whole = usage.series(date(2026, 1, 1), date(2026, 1, 10), {date(2026, 1, 5): Use(3)})
    part = whole.between(date(2026, 1, 5), date(2026, 1, 6))
    assert part.days == [(date(2026, 1, 5), Use(3)), (date(2026, 1, 6), Use())]
    assert whole.between(date(2025, 12, 1), date(2026, 2, 1)) == whole


def test_calls_of_before_are_counted_by_the_migration_however_often_it_runs() -> None:
    store = OrmStore()
    store.write_batch([at_noon(days_ago=3), at_noon(days_ago=3, status="error"), at_noon("other")])
    expected = list(DayCount.objects.order_by("day", "skill").values_list("day", "skill", "calls", "errors"))
    DayCount.objects.all().delete()
    migration = importlib.import_module("invocations.migrations.0004_count_days_so_far")
    for _ in range(2):
        migration.count_days(apps, None)
        counted = DayCount.objects.order_by("day", "skill").values_list("day", "skill", "calls", "errors")
        assert list(counted) == expected
