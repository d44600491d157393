"""Calls by hour, counted in the log's indexes by time: a bounded number of the newest ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Value

from invocations.models import Invocation
from invocations.usage import HOUR, Use

from .base import ALL, HourCounts

LOOKED_AT = 200_000
"""The newest calls that are counted."""


def hours(skill: str, since: datetime, count: int) -> HourCounts:
    """See `InvocationStore`."""
    rows = Invocation.objects.order_by()
    if skill != ALL:
        rows = rows.filter(skill=skill)
    beginnings = [since + number * HOUR for number in range(count)]
    oldest = _oldest_looked_at(rows.filter(invoked_at__gte=since))
    parts = list(_parts(rows, beginnings, oldest or since))
    found = {(number, failed): calls for number, failed, calls in parts[0].union(*parts[1:], all=True)}
    uses = {began: Use(found[number, 0], found[number, 1]) for number, began in enumerate(beginnings)}
    return HourCounts(uses, complete=oldest is None)


def _oldest_looked_at(rows: QuerySet[Invocation]) -> datetime | None:
    """When the last call was that is counted; None where all are."""
    moments = rows.order_by("-invoked_at").values_list("invoked_at", flat=True)
    last = list(moments[LOOKED_AT - 1 : LOOKED_AT + 1])
    return last[0] if len(last) > 1 else None


def _parts(rows: QuerySet[Invocation], beginnings: list[datetime], first: datetime) -> Iterator[Any]:
    """For each hour a query that counts its calls, and one that counts the failed ones, from a moment on."""
    for number, began in enumerate(beginnings):
        mine = rows.filter(invoked_at__gte=max(began, first), invoked_at__lt=began + HOUR)
        for failed, chosen in enumerate([mine, mine.filter(status="error")]):
            named = chosen.annotate(hour=Value(number), failed=Value(failed)).values_list("hour", "failed")
            yield named.annotate(calls=Count("*"))
