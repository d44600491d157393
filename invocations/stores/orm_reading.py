"""Reading the log from SQL through one index; other conditions are checked on a bounded number of calls.

So a page takes about the same time whatever the filter and however long the log.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from invocations import usage as arithmetic
from invocations.events import InvocationEvent
from invocations.models import Invocation
from invocations.usage import Summary

from .base import FIRST_ID, LAST_ID, CallFilter, CallPage, Position

SEARCH_MAX = 5_000
"""Maximum number of calls searched for a page."""
INDEXED = [("skill", "status"), ("skill",), ("caller",), ("client",), ("status",)]
"""Indexed fields, best first; `status` only for errors. See `Invocation.Meta.indexes`."""
_EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_STEP = timedelta(microseconds=1)
"""Resolution of the stored times."""
_NAMES = ("skill", "status", "method", "client", "caller", "version")
# Expressions equal to the columns, so that the database cannot choose another index and read without bound.
_TERMS: dict[str, Any] = {f"its_{name}": Coalesce(name, name) for name in _NAMES}
_FIELDS = [field.name for field in fields(InvocationEvent)]


def calls(
    wanted: CallFilter, position: Position | None, limit: int, *, newer: bool, expired: datetime | None
) -> CallPage:
    """See `InvocationStore`; calls up to `expired` are left out."""
    rows, end = _select_rows(wanted, position, newer=newer, expired=expired)
    found = events(rows[: limit + 1])
    shown = found[:limit]
    page = shown[::-1] if newer else shown
    if len(found) > limit:
        return CallPage(page, Position(shown[-1].invoked_at, shown[-1].id))
    if end:
        return CallPage(page, Position(end, LAST_ID if newer else FIRST_ID), SEARCH_MAX)
    return CallPage(page, None)


def summary(wanted: CallFilter, limit: int, *, expired: datetime | None) -> Summary:
    """See `InvocationStore`."""
    rows, end = _select_rows(wanted, None, newer=False, expired=expired)
    found = list(rows.values_list("status", "duration_ms")[: limit + 1])
    more = len(found) > limit
    return arithmetic.summary(found[:limit], more=more, looked_through=SEARCH_MAX if end and not more else None)


def _select_rows(
    wanted: CallFilter, position: Position | None, *, newer: bool, expired: datetime | None
) -> tuple[QuerySet[Invocation], datetime | None]:
    """Return the matching rows from a position on, and the time at which the search stops early, if it does."""
    indexed, remaining = _split_filter(wanted)
    rows = _order_rows(Invocation.objects.filter(**indexed), position, newer=newer)
    first, last = _time_range(wanted, position, newer=newer, expired=expired)
    end = _search_end(rows.filter(invoked_at__range=(first, last)), newer=newer) if remaining else None
    if end:
        first, last = (first, end) if newer else (end, last)
    return rows.alias(**_TERMS).filter(remaining, invoked_at__range=(first, last)), end


def events(rows: QuerySet[Invocation]) -> list[InvocationEvent]:
    """Read rows as events."""
    return [InvocationEvent(*values) for values in rows.values_list(*_FIELDS)]


def _split_filter(wanted: CallFilter) -> tuple[dict[str, Any], Q]:
    """Split a filter into indexed conditions and a Q for the rest."""
    given = {name: value for name in _NAMES if (value := getattr(wanted, name))}
    usable = given.keys() - ({"status"} if wanted.status != "error" else set())
    indexed = {name: given.pop(name) for name in next((one for one in INDEXED if usable >= set(one)), ())}
    remaining = Q(**{f"its_{name}": value for name, value in given.items()})
    remaining &= Q(**{f"its_{name}__icontains": text for name, text in wanted.contained.items()})
    if wanted.slower_than:
        remaining &= Q(duration_ms__gt=wanted.slower_than)
    if wanted.text:
        remaining &= Q(error_message__icontains=wanted.text) | Q(request_params__icontains=wanted.text)
    return indexed, remaining


def _order_rows(rows: QuerySet[Invocation], position: Position | None, *, newer: bool) -> QuerySet[Invocation]:
    """Return the rows from a position on, nearest first; ids order calls at the same time."""
    if newer:
        rows = rows.order_by("invoked_at", "pk")
    if position is None:
        return rows
    at, pk = position.invoked_at, position.id
    return rows.filter(Q(invoked_at__gt=at) | Q(pk__gt=pk) if newer else Q(invoked_at__lt=at) | Q(pk__lt=pk))


def _time_range(
    wanted: CallFilter, position: Position | None, *, newer: bool, expired: datetime | None
) -> tuple[datetime, datetime]:
    """Return the time range of the filter as one lower and one upper bound: SQLite uses no more for an index."""
    first = [
        _EVER[0],
        wanted.since,
        expired + _STEP if expired else None,
        position.invoked_at if position and newer else None,
    ]
    last = [
        _EVER[1],
        wanted.until - _STEP if wanted.until else None,
        position.invoked_at if position and not newer else None,
    ]
    return max(at for at in first if at), min(at for at in last if at)


def _search_end(rows: QuerySet[Invocation], *, newer: bool) -> datetime | None:
    """Return the time of the last call searched for a page; None if there are fewer calls."""
    # By time alone, which the index covers; all calls at that time are searched.
    moments = rows.order_by("invoked_at" if newer else "-invoked_at").values_list("invoked_at", flat=True)
    return next(iter(moments[SEARCH_MAX - 1 : SEARCH_MAX]), None)
