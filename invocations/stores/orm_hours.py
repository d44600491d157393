"""Calls per hour, counted through the log's time indexes, over a bounded number of the newest calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Value

from invocations.models import Invocation
from invocations.usage import HOUR, Use

from .base import ALL, HourCounts

COUNTED_MAX = 200_000
"""Maximum number of newest calls that are counted."""


def hours(skill: str, since: datetime, count: int) -> HourCounts:
    """See `InvocationStore`."""
    rows = Invocation.objects.order_by()
    if skill != ALL:
        rows = rows.filter(skill=skill)
    beginnings = [since + number * HOUR for number in range(count)]
    oldest = _oldest_counted(rows.filter(invoked_at__gte=since))
    parts = list(_hour_queries(rows, beginnings, oldest or since))
    found = {(number, failed): calls for number, failed, calls in parts[0].union(*parts[1:], all=True)}
    uses = {began: Use(found[number, 0], found[number, 1]) for number, began in enumerate(beginnings)}
    return HourCounts(uses, complete=oldest is None)


def _oldest_counted(rows: QuerySet[Invocation]) -> datetime | None:
    """Return the time of the oldest counted call; None if all are counted."""
    moments = rows.order_by("-invoked_at").values_list("invoked_at", flat=True)
    last = list(moments[COUNTED_MAX - 1 : COUNTED_MAX + 1])
    return last[0] if len(last) > 1 else None


def _hour_queries(rows: QuerySet[Invocation], beginnings: list[datetime], first: datetime) -> Iterator[Any]:
    """Yield, for each hour, one query for its calls and one for its failed calls, from `first` on."""
    for number, began in enumerate(beginnings):
        mine = rows.filter(invoked_at__gte=max(began, first), invoked_at__lt=began + HOUR)
        for failed, chosen in enumerate([mine, mine.filter(status="error")]):
            named = chosen.annotate(hour=Value(number), failed=Value(failed)).values_list("hour", "failed")
            yield named.annotate(calls=Count("*"))
