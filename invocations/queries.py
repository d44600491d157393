"""What others may ask about calls, whichever store holds them."""

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
"""So many of a skill's newest calls say how it is used."""

SUMMED_MAX = 1_000
"""So many calls at the most are summed up beside a page of the log."""

__all__ = [
    "DAYS_KEPT", "LAST_ID", "CallFilter", "CallPage", "Position", "Series", "Summary", "Totals", "Usage", "Use",
    "call", "called_since", "calls", "counts_hours", "hours", "prune", "series", "summary", "totals", "usage", "uses",
]  # fmt: skip


def totals(skills: Iterable[str]) -> dict[str, Totals | None]:
    """The totals of several skills, in one query; zeros where one was never called.

    None for each while their store is away: pages about skills do not depend on it.
    """
    names = list(skills)
    try:
        return dict(get_store().totals(names))
    except StoreUnavailable:
        log.warning("calls cannot be counted, since their store does not answer", exc_info=True)
        return dict.fromkeys(names)


@overload
def series(skills: None, since: date, until: date) -> Series | None: ...
@overload
def series(skills: Iterable[str], since: date, until: date) -> dict[str, Series | None]: ...
def series(skills: Iterable[str] | None, since: date, until: date) -> Series | dict[str, Series | None] | None:
    """Calls and errors on each day of UTC from `since` to `until` (included), of several skills in one read.

    Without `skills`, those of all skills together, also of names that no skill has. None where the
    store is away. Days are known for 400 days, longer than the calls themselves.
    """
    if skills is None:
        return series([ALL], since, until)[ALL]
    names = list(skills)
    try:
        days = get_store().days(names, since, until)
    except StoreUnavailable:
        log.warning("calls a day are not known, since their store does not answer", exc_info=True)
        return dict.fromkeys(names)
    return {name: arithmetic.series(since, until, days[name]) for name in names}


def hours(skill: str | None, count: int) -> tuple[Series, bool] | None:
    """The calls of a skill, or of all together, in the last hours of UTC, and whether these are all of them.

    None where the store is away, or counts no hours (`counts_hours`).
    """
    since = arithmetic.last_hours(count)
    try:
        found = get_store().hours(ALL if skill is None else skill, since, count)
    except StoreUnavailable:
        log.warning("calls an hour are not known, since their store does not answer", exc_info=True)
        return None
    return (arithmetic.by_hour(since, found.uses, count), found.complete) if found else None


def counts_hours() -> bool:
    """Whether the store in use can say how much was called in an hour."""
    return get_store().counts_hours


def uses(since: date, until: date) -> dict[str, Use] | None:
    """Every name that was called in these days of UTC (both included), also of no skill; None where the store is away.

    `usage.most_called` and `usage.failing` choose from it.
    """
    try:
        return get_store().uses(since, until)
    except StoreUnavailable:
        log.warning("what was called is not known, since its store does not answer", exc_info=True)
        return None


def called_since(day: date) -> set[str] | None:
    """The names that were called on this day of UTC or later; None where the store is away."""
    try:
        return get_store().called_since(day)
    except StoreUnavailable:
        log.warning("what was called is not known, since its store does not answer", exc_info=True)
        return None


def usage(skill: str, since: datetime | None = None) -> Usage | None:
    """Latency percentiles, versions, clients and callers of a skill's newest SAMPLE_MAX calls since a moment.

    None where the store is away.
    """
    try:
        page = get_store().calls(CallFilter(skill=skill, since=since), None, SAMPLE_MAX)
    except StoreUnavailable:
        log.warning("the usage of %s is not known, since the store does not answer", skill, exc_info=True)
        return None
    return arithmetic.usage(page.calls, complete=page.next is None)


def calls(
    wanted: CallFilter, *, before: Position | None = None, after: Position | None = None, limit: int = 50
) -> CallPage:
    """Calls, the newest first: at most `limit` of the newest ones older than `before`, which is a page's `next`.

    With `after`, those nearest to it that are newer; `next` then leads on to newer ones.
    """
    return get_store().calls(wanted, after or before, limit, newer=after is not None)


def summary(wanted: CallFilter) -> Summary | None:
    """The newest SUMMED_MAX wanted calls together; None where the store cannot tell that cheaply, or is away."""
    try:
        return get_store().summary(wanted, SUMMED_MAX)
    except StoreUnavailable:
        log.warning("calls cannot be summed up, since their store does not answer", exc_info=True)
        return None


def call(skill: str, position: Position) -> InvocationEvent | None:
    """One call, or None where there is none (any more)."""
    return get_store().call(skill, position)


def prune() -> int:
    """Remove expired calls and days; how many calls. Counters keep counting them."""
    return get_store().prune()
