"""Empty invocation stores of each kind, and sample calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invocations.events import InvocationEvent
from invocations.stores.base import CallFilter, InvocationStore, Position
from invocations.stores.dynamodb import DynamoStore
from invocations.stores.orm import OrmStore
from invocations.stores.tables import CallItem
from skills_registry.catalog.tables import SkillItem

from .aws_fixtures import ENGINES, Dial
from .faults import FaultyDynamo, faulty

NOW = datetime.now(UTC).replace(microsecond=0)
ALL = CallFilter()


@pytest.fixture
def dynamo(dynamodb_url: str, dial: Dial) -> DynamoStore:
    return _emptied(dynamodb_url, dial)


def _emptied(url: str, dial: Dial) -> DynamoStore:
    """Return a store without calls and counters."""
    dial(url)
    for model in (CallItem, SkillItem):
        if model.exists():
            model.delete_table()
        model.create_table(wait=True)
    return DynamoStore()


@pytest.fixture
def broken(dynamo: DynamoStore, dynamodb_url: str, dial: Dial) -> Iterator[FaultyDynamo]:
    """The fault-injecting proxy between the store and DynamoDB."""
    with faulty(dynamodb_url) as proxy:
        dial(proxy.url)
        yield proxy


@pytest.fixture(params=["sql", *(pytest.param(engine, marks=pytest.mark.aws) for engine in ENGINES)])
def log(request: pytest.FixtureRequest) -> InvocationStore:
    """An empty store of each kind."""
    if request.param == "sql":
        return OrmStore()
    return _emptied(request.getfixturevalue("dynamodb_engine")(request.param), request.getfixturevalue("dial"))


def called(skill: str = "greeter", second: float = 0, *, at: datetime | None = None, **fields: Any) -> InvocationEvent:
    """Return a call at a time, or `second` seconds from now."""
    given = {"method": "tools/call", "status": "success", "duration_ms": 1.5, **fields}
    return InvocationEvent(skill=skill, invoked_at=at or NOW + timedelta(seconds=second), **given)


def everything(store: InvocationStore, wanted: CallFilter = ALL, limit: int = 1000) -> list[InvocationEvent]:
    """Return the calls of all pages."""
    found: list[InvocationEvent] = []
    before: Position | None = None
    while True:
        page = store.calls(wanted, before, limit)
        assert len(page.calls) <= limit
        found += page.calls
        if page.next is None:
            return found
        assert before is None or page.next < before, "it goes on"
        before = page.next
