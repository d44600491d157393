"""How much was called, by day and by what: values and their arithmetic. Days are those of UTC. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil

from .events import InvocationEvent

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Use:
    """A number of calls, and how many of them failed."""

    calls: int = 0
    errors: int = 0

    @property
    def error_rate(self) -> float:
        """The failed part, from 0 to 1; 0 without calls."""
        return self.errors / self.calls if self.calls else 0.0


@dataclass(frozen=True)
class Series:
    """The calls of each day from `since` on, also of those without any; or of each hour, `since` a moment."""

    since: date
    uses: tuple[Use, ...]
    step: timedelta = DAY

    @property
    def days(self) -> list[tuple[date, Use]]:
        """Each day (or the moment at which each hour begins) with its calls."""
        return [(self.since + number * self.step, use) for number, use in enumerate(self.uses)]

    @property
    def until(self) -> date:
        """The last day or hour."""
        return self.since + (len(self.uses) - 1) * self.step

    @property
    def total(self) -> Use:
        """All days together."""
        return Use(sum(use.calls for use in self.uses), sum(use.errors for use in self.uses))

    def between(self, since: date, until: date) -> Series:
        """A part of it; `until` is its last day."""
        first = max((since - self.since).days, 0)
        return Series(self.since + timedelta(days=first), self.uses[first : (until - self.since).days + 1])


@dataclass(frozen=True, slots=True)
class Share:
    """What one version, client or caller (`name`) has of the calls that were looked at."""

    name: str
    use: Use


@dataclass(frozen=True)
class Usage:
    """How a skill is used, from its newest calls; `complete` says whether these are all of the period.

    Times are in milliseconds; `oldest` is when the earliest of the calls looked at began.
    """

    total: Use
    oldest: datetime | None
    complete: bool
    p50: float | None
    p95: float | None
    p99: float | None
    versions: Sequence[Share]
    clients: Sequence[Share]
    callers: Sequence[Share]


@dataclass(frozen=True, slots=True)
class Summary:
    """Some calls together: how many, how many failed, and the milliseconds that half and 95 % of them did not exceed.

    There are `more` calls of the kind than these. `looked_through` says among how many of the newest calls these were
    found, where not all were looked at.
    """

    use: Use
    p50: float | None
    p95: float | None
    more: bool = False
    looked_through: int | None = None


def today() -> date:
    """The present day in UTC."""
    return datetime.now(UTC).date()


def last_days(count: int) -> tuple[date, date]:
    """The first and the last of `count` days of which the last is today."""
    return today() - timedelta(days=count - 1), today()


def series(since: date, until: date, counted: Mapping[date, Use]) -> Series:
    """A series of all days from `since` to `until`, both included."""
    return Series(since, tuple(counted.get(day, Use()) for day in days_between(since, until)))


def last_hours(count: int) -> datetime:
    """When the first of `count` hours of UTC began, of which the last is the present one."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - (count - 1) * HOUR


def by_hour(since: datetime, counted: Mapping[datetime, Use], hours: int) -> Series:
    """A series of so many hours."""
    return Series(since, tuple(counted.get(since + number * HOUR, Use()) for number in range(hours)), HOUR)


def days_between(since: date, until: date) -> list[date]:
    """Every day from `since` to `until`, both included."""
    return [since + timedelta(days=number) for number in range((until - since).days + 1)]


def most_called(uses: Mapping[str, Use], limit: int) -> list[Share]:
    """The skills with the most calls, these first."""
    ranked = sorted(uses.items(), key=lambda item: (-item[1].calls, item[0]))
    return [Share(name, use) for name, use in ranked[:limit] if use.calls]


def failing(uses: Mapping[str, Use], limit: int, *, least_calls: int, rate: float) -> list[Share]:
    """The skills with at least so many calls, at least so large a part of them failed, the worst first."""
    bad = [(name, use) for name, use in uses.items() if use.calls >= least_calls and use.error_rate >= rate]
    return [Share(name, use) for name, use in sorted(bad, key=lambda item: (-item[1].error_rate, item[0]))[:limit]]


def usage(calls: Sequence[InvocationEvent], *, complete: bool) -> Usage:
    """What the newest calls of a skill say."""
    durations = sorted(call.duration_ms for call in calls)
    return Usage(
        total=_use(calls),
        oldest=min((call.invoked_at for call in calls), default=None),
        complete=complete,
        p50=percentile(durations, 50),
        p95=percentile(durations, 95),
        p99=percentile(durations, 99),
        versions=_shares(calls, lambda call: f"v{call.version}" if call.version else ""),
        clients=_shares(calls, lambda call: call.client),
        callers=_shares(calls, lambda call: call.caller),
    )


def summary(calls: Sequence[tuple[str, float]], *, more: bool = False, looked_through: int | None = None) -> Summary:
    """Calls together, of each of which status and duration are given."""
    durations = sorted(duration for _, duration in calls)
    use = Use(len(calls), sum(status == "error" for status, _ in calls))
    return Summary(use, percentile(durations, 50), percentile(durations, 95), more, looked_through)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The smallest value that at least `percent` of the ordered values do not exceed; None without any."""
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1] if ordered else None


def _shares(calls: Sequence[InvocationEvent], key: Callable[[InvocationEvent], str]) -> list[Share]:
    groups: dict[str, list[InvocationEvent]] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return most_called({name: _use(group) for name, group in groups.items()}, len(groups))


def _use(calls: Sequence[InvocationEvent]) -> Use:
    return Use(len(calls), sum(call.status == "error" for call in calls))
