"""Queries about recorded calls for the other apps, independent of the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime
from typing import overload

from . import usage as arithmetic
from .events import InvocationEvent
from .resilience.unavailable import StoreUnavailable
from .stores import get_store
from .stores.base import ALL, DAYS_KEPT, LAST_ID, CallFilter, CallPage, Position, Totals
from .usage import Series, Summary, Usage, Use

log = logging.getLogger(__name__)

SAMPLE_MAX = 2_000
"""Number of a skill's newest calls that `usage` looks at."""

SUMMED_MAX = 1_000
"""Maximum number of calls in the summary beside a page of the log."""

__all__ = [
    "DAYS_KEPT", "LAST_ID", "CallFilter", "CallPage", "Position", "Series", "Summary", "Totals", "Usage", "Use",
    "call", "called_since", "calls", "counts_hours", "hours", "prune", "series", "summary", "totals", "usage", "uses",
]  # fmt: skip


def totals(skills: Iterable[str]) -> dict[str, Totals | None]:
    """Return the totals of several skills in one query; zeros for a skill that was never called.

    Values are None if the store is unavailable, because pages about skills must still load.
    """
    names = list(skills)
    try:
        return dict(get_store().totals(names))
    except StoreUnavailable:
        log.warning("cannot read call totals: the invocation store is unavailable", exc_info=True)
        return dict.fromkeys(names)


@overload
def series(skills: None, since: date, until: date) -> Series | None: ...
@overload
def series(skills: Iterable[str], since: date, until: date) -> dict[str, Series | None]: ...
def series(skills: Iterable[str] | None, since: date, until: date) -> Series | dict[str, Series | None] | None:
    """Return calls and errors per UTC day from `since` to `until` (inclusive), for several skills in one query.

    Without `skills`, return the sum over all names, including names of no skill. None if the store is
    unavailable. Days are kept for 400 days, longer than the calls themselves.
    """
    if skills is None:
        return series([ALL], since, until)[ALL]
    names = list(skills)
    try:
        days = get_store().days(names, since, until)
    except StoreUnavailable:
        log.warning("cannot read calls per day: the invocation store is unavailable", exc_info=True)
        return dict.fromkeys(names)
    return {name: arithmetic.series(since, until, days[name]) for name in names}


def hours(skill: str | None, count: int) -> tuple[Series, bool] | None:
    """Return the calls of a skill (or of all skills) per UTC hour, and whether every call was counted.

    None if the store is unavailable or does not count hours (see `counts_hours`).
    """
    since = arithmetic.last_hours(count)
    try:
        found = get_store().hours(ALL if skill is None else skill, since, count)
    except StoreUnavailable:
        log.warning("cannot read calls per hour: the invocation store is unavailable", exc_info=True)
        return None
    return (arithmetic.by_hour(since, found.uses, count), found.complete) if found else None


def counts_hours() -> bool:
    """Whether the configured store can count calls per hour."""
    return get_store().counts_hours


def uses(since: date, until: date) -> dict[str, Use] | None:
    """Return the use of every name called on these UTC days (inclusive), including names of no skill.

    None if the store is unavailable. See `usage.most_called` and `usage.failing`.
    """
    try:
        return get_store().uses(since, until)
    except StoreUnavailable:
        log.warning("cannot read which skills were called: the invocation store is unavailable", exc_info=True)
        return None


def called_since(day: date) -> set[str] | None:
    """Return the names called on or after this UTC day; None if the store is unavailable."""
    try:
        return get_store().called_since(day)
    except StoreUnavailable:
        log.warning("cannot read which skills were called: the invocation store is unavailable", exc_info=True)
        return None


def usage(skill: str, since: datetime | None = None) -> Usage | None:
    """Return latency percentiles, versions, clients and callers of a skill's newest SAMPLE_MAX calls since a time.

    None if the store is unavailable.
    """
    try:
        page = get_store().calls(CallFilter(skill=skill, since=since), None, SAMPLE_MAX)
    except StoreUnavailable:
        log.warning("cannot read the usage of %s: the invocation store is unavailable", skill, exc_info=True)
        return None
    return arithmetic.usage(page.calls, complete=page.next is None)


def calls(
    wanted: CallFilter, *, before: Position | None = None, after: Position | None = None, limit: int = 50
) -> CallPage:
    """Return a page of calls, newest first: at most `limit` calls older than `before` (the `next` of a page).

    With `after`, return the closest newer calls; `next` then leads to newer ones.
    """
    return get_store().calls(wanted, after or before, limit, newer=after is not None)


def summary(wanted: CallFilter) -> Summary | None:
    """Summarize the newest SUMMED_MAX matching calls; None if that is too expensive or the store is unavailable."""
    try:
        return get_store().summary(wanted, SUMMED_MAX)
    except StoreUnavailable:
        log.warning("cannot summarize calls: the invocation store is unavailable", exc_info=True)
        return None


def call(skill: str, position: Position) -> InvocationEvent | None:
    """Return one call, or None if it does not exist or has expired."""
    return get_store().call(skill, position)


def prune() -> int:
    """Delete expired calls and days, and return the number of calls. All-time counters do not change."""
    return get_store().prune()
