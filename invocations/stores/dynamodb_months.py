"""Daily counts in `mcp-invocation-logs`: one item per month and skill, updated with the calls.

Counts of given skills are read by key, 100 at a time; those of all skills from SHARDS items per month.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from invocations.events import InvocationEvent
from invocations.usage import Use, days_between

from .base import ALL, DAYS_KEPT
from .tables import MonthItem

SHARDS = 32
"""Number of items per month that share the counts of all skills. Must not be lowered."""
_SHARED = "#"
"""Prefix of their names; no skill's name starts with it."""


def items_of(event: InvocationEvent) -> set[tuple[str, str]]:
    """Return the items that count an event, as (skill, month)."""
    return {(event.skill, _month(event.invoked_at)), (ALL, _month(event.invoked_at))}


def counts(events: Sequence[InvocationEvent]) -> Iterator[dict[str, Any]]:
    """Yield the updates that count events, for the transaction that writes their rows."""
    # A new shard for each try, in case of a conflict on the last one.
    shared = f"{_SHARED}{random.randrange(SHARDS)}"  # noqa: S311  # not a secret
    added: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for event in events:
        day = event.invoked_at.astimezone(UTC).day
        for skill in (event.skill, shared):
            mine = added[_month(event.invoked_at), skill]
            mine[f"calls_{day:02}"] += 1
            mine[f"errors_{day:02}"] += event.status == "error"
    for (month, skill), mine in sorted(added.items()):
        actions = [getattr(MonthItem, name).add(number) for name, number in mine.items()]
        actions.append(MonthItem.expires_at.set(_expiry(month)))
        yield MonthItem(month, skill).get_update_kwargs_from_instance(actions)


def days(skills: Iterable[str], since: date, until: date) -> dict[str, dict[date, Use]]:
    """See `InvocationStore`."""
    found: dict[str, dict[date, Use]] = {skill: {} for skill in skills}
    names = [name for skill in found for name in ([skill] if skill != ALL else _shared_names())]
    for item in MonthItem.batch_get(list(product(_months(since, until), names))):
        mine = found[ALL if item.skill.startswith(_SHARED) else item.skill]
        for day, use in _days_of(item, since, until):
            known = mine.get(day, Use())
            mine[day] = Use(known.calls + use.calls, known.errors + use.errors)
    return found


def uses(since: date, until: date) -> dict[str, Use]:
    """See `InvocationStore`. Reads one item for each skill called in these months."""
    found: dict[str, Use] = {}
    for month in _months(since, until):
        for item in MonthItem.query(month):
            counted = [use for _, use in _days_of(item, since, until)]
            if counted and not item.skill.startswith(_SHARED):
                known = found.get(item.skill, Use())
                found[item.skill] = Use(
                    known.calls + sum(use.calls for use in counted), known.errors + sum(use.errors for use in counted)
                )
    return found


def _days_of(item: MonthItem, since: date, until: date) -> Iterator[tuple[date, Use]]:
    first = date.fromisoformat(f"{item.month[1:]}-01")
    for number in range(31):
        calls = getattr(item, f"calls_{number + 1:02}")
        day = first + timedelta(days=number)
        if calls and since <= day <= until:
            yield day, Use(int(calls), int(getattr(item, f"errors_{number + 1:02}") or 0))


def _shared_names() -> list[str]:
    return [f"{_SHARED}{shard}" for shard in range(SHARDS)]


def _month(at: datetime) -> str:
    """Return the partition key of a time's month."""
    return f"#{at.astimezone(UTC):%Y-%m}"


def _months(since: date, until: date) -> list[str]:
    return sorted({f"#{day:%Y-%m}" for day in days_between(since, until)})


def _expiry(month: str) -> datetime:
    """Return when the counts of a month expire."""
    return datetime.fromisoformat(f"{month[1:]}-01T00:00:00Z") + timedelta(days=31 + DAYS_KEPT)
