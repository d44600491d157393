"""The log's pages and files with 1,000 skills and 100,000 calls: how often they ask, what they hold in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.test import Client

from invocations import queries
from invocations.events import InvocationEvent
from invocations.stores import get_store
from skills_registry.models import Skill

from .support.pages import LOG, SKILLS

pytestmark = pytest.mark.django_db

NAMES, CALLS, BATCH = 1_000, 100_000, 10_000
NOW = datetime.now(UTC)


def calls(numbers: range) -> list[InvocationEvent]:
    """Calls of every skill, a quarter of a minute apart: 17 days of them."""
    return [
        InvocationEvent(
            skill=f"skill-{number % NAMES}",
            method="prompts/get" if number % 1_000 == 7 else "tools/call",
            status="error" if number % 50 == 0 else "success",
            invoked_at=NOW - timedelta(seconds=15) * number,
            duration_ms=1.0,
            version=number % 3 + 1,
            client=f"agent/{number % 20}",
            caller=f"caller-{number % 100}",
            request_params='{"name":"greeter","arguments":{"input":"Say hello to everybody who is here."}}',
        )
        for number in numbers
    ]


@pytest.fixture(scope="module", autouse=True)
def long_log(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        Skill.objects.bulk_create(Skill(name=f"skill-{number}") for number in range(NAMES))
        for start in range(0, CALLS, BATCH):
            get_store().write_batch(calls(range(start, start + BATCH)))
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", 4),
        ("?status=error", 4),
        ("?skill=skill-7&exact=on", 4),
        ("?skill=skill-50&exact=on&status=error", 4),
        ("?client=agent/7&exact=on&period=24h", 4),
        ("?caller=caller-7&exact=on", 4),
        ("?method=prompts/get", 6),
        ("?status=success&version=2", 6),
        ("?caller=nobody&exact=on&method=tools/call&version=1", 6),
        ("?skill=skill-7", 6),
        ("?text=everybody&slower_than=500", 6),
    ],
)
def test_page_of_the_log(browser: Client, query: str, expected: int, django_assert_num_queries: Any) -> None:
    # Expect 4 or 6 queries:
    # * session
    # * user
    # * how far to look, for what no index finds
    # * calls
    # * how far to look, and the calls that are summed up
    with django_assert_num_queries(expected):
        page = browser.get(f"{LOG}{query}")
    assert page.status_code == 200


def test_page_of_a_call(browser: Client, django_assert_num_queries: Any) -> None:
    [found] = queries.calls(queries.CallFilter(skill="skill-7"), limit=1).calls
    # Expect 3 queries: session, user, call
    with django_assert_num_queries(3):
        page = browser.get(f"{LOG}call/", {"skill": found.skill, "at": f"{found.invoked_at.isoformat()}_{found.id}"})
    assert page.status_code == 200


@pytest.mark.parametrize("days", [7, 90])
def test_usage_of_a_skill(browser: Client, days: int, django_assert_num_queries: Any) -> None:
    skill = Skill.objects.get(name="skill-7")
    # Expect 8 queries: session, user, skill, calls by day, its newest calls to reckon with, those to show, and for the
    # button that publishes what was live last and the newest version
    with django_assert_num_queries(8):
        page = browser.get(f"{SKILLS}{skill.pk}/usage/", {"days": days})
    assert page.status_code == 200


def test_file_of_all_calls_takes_no_more_memory_than_the_beginning_of_it(browser: Client) -> None:
    answer: Any = browser.get(f"{LOG}export.csv")
    peaks = []

    async def read() -> int:
        rows = 0
        async for part in answer:
            rows += part.count(b"\n")
            peaks.append(tracemalloc.get_traced_memory()[1])
        return rows

    tracemalloc.start()
    try:
        assert async_to_sync(read)() == CALLS + 1
    finally:
        tracemalloc.stop()
    assert peaks[-1] < 1.2 * peaks[9], f"{peaks[9]:,} bytes after a tenth of the file, {peaks[-1]:,} at its end"
