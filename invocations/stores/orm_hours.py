"""Calls by hour, counted in the log's indexes by time: of the newest calls, a bounded number, and no row is read."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from invocations.models import Invocation
from invocations.usage import HOUR, Use

from .base import ALL, HourCounts

LOOKED_AT = 100_000
"""The newest calls that are counted."""


def hours(skill: str, since: datetime, count: int) -> HourCounts:
    """See `InvocationStore`."""
    rows = Invocation.objects.filter(invoked_at__gte=since)
    if skill != ALL:
        rows = rows.filter(skill=skill)
    beginnings = [since + number * HOUR for number in range(count)]
    calls, errors = _counted(rows, beginnings), _counted(rows.filter(status="error"), beginnings)
    uses = {began: Use(calls[began], min(errors[began], calls[began])) for began in beginnings}
    return HourCounts(uses, complete=sum(calls.values()) < LOOKED_AT)


def _counted(rows: QuerySet[Invocation], beginnings: list[datetime]) -> dict[datetime, int]:
    newest = rows.order_by("-invoked_at").values("invoked_at")[:LOOKED_AT]
    within = {
        f"hour_{number}": Count("invoked_at", filter=Q(invoked_at__gte=began, invoked_at__lt=began + HOUR))
        for number, began in enumerate(beginnings)
    }
    found = newest.aggregate(**within)
    return {began: found[name] for name, began in zip(within, beginnings, strict=True)}
