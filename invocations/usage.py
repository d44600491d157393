"""Value types and arithmetic for usage figures. Days are UTC days. Pure."""

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
    """A number of calls and how many of them failed."""

    calls: int = 0
    errors: int = 0

    @property
    def error_rate(self) -> float:
        """The fraction that failed, from 0 to 1; 0 without calls."""
        return self.errors / self.calls if self.calls else 0.0


@dataclass(frozen=True)
class Series:
    """Calls per day from `since` on, including days without calls; or per hour, with `since` a datetime."""

    since: date
    uses: tuple[Use, ...]
    step: timedelta = DAY

    @property
    def days(self) -> list[tuple[date, Use]]:
        """Each day (or start of an hour) with its calls."""
        return [(self.since + number * self.step, use) for number, use in enumerate(self.uses)]

    @property
    def until(self) -> date:
        """The last day or hour."""
        return self.since + (len(self.uses) - 1) * self.step

    @property
    def total(self) -> Use:
        """The sum over all days."""
        return Use(sum(use.calls for use in self.uses), sum(use.errors for use in self.uses))

    def between(self, since: date, until: date) -> Series:
        """Return the part from `since` to `until` (inclusive)."""
        first = max((since - self.since).days, 0)
        return Series(self.since + timedelta(days=first), self.uses[first : (until - self.since).days + 1])


@dataclass(frozen=True, slots=True)
class Share:
    """The calls of one version, client or caller (`name`)."""

    name: str
    use: Use


@dataclass(frozen=True)
class Usage:
    """How a skill is used, computed from its newest calls; `complete` is False if the period has more.

    Percentiles are in milliseconds; `oldest` is the start of the earliest call used.
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
    """Call count, failures, median and 95th percentile duration (ms) of some calls.

    `more`: further calls match. `looked_through`: only this many of the newest calls were searched;
    None if all were.
    """

    use: Use
    p50: float | None
    p95: float | None
    more: bool = False
    looked_through: int | None = None


def today() -> date:
    """Return the current UTC date."""
    return datetime.now(UTC).date()


def last_days(count: int) -> tuple[date, date]:
    """Return the first and last of the `count` days that end today."""
    return today() - timedelta(days=count - 1), today()


def series(since: date, until: date, counted: Mapping[date, Use]) -> Series:
    """Return the series from `since` to `until` (inclusive)."""
    return Series(since, tuple(counted.get(day, Use()) for day in days_between(since, until)))


def last_hours(count: int) -> datetime:
    """Return the start of the first of `count` UTC hours, the last being the current hour."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - (count - 1) * HOUR


def by_hour(since: datetime, counted: Mapping[datetime, Use], hours: int) -> Series:
    """Return a series of `hours` hours from `since` on."""
    return Series(since, tuple(counted.get(since + number * HOUR, Use()) for number in range(hours)), HOUR)


def days_between(since: date, until: date) -> list[date]:
    """Return every day from `since` to `until` (inclusive)."""
    return [since + timedelta(days=number) for number in range((until - since).days + 1)]


def most_called(uses: Mapping[str, Use], limit: int) -> list[Share]:
    """Return the `limit` skills with the most calls, most called first."""
    ranked = sorted(uses.items(), key=lambda item: (-item[1].calls, item[0]))
    return [Share(name, use) for name, use in ranked[:limit] if use.calls]


def failing(uses: Mapping[str, Use], limit: int, *, least_calls: int, rate: float) -> list[Share]:
    """Return skills with at least `least_calls` calls and an error rate of at least `rate`, worst first."""
    bad = [(name, use) for name, use in uses.items() if use.calls >= least_calls and use.error_rate >= rate]
    return [Share(name, use) for name, use in sorted(bad, key=lambda item: (-item[1].error_rate, item[0]))[:limit]]


def usage(calls: Sequence[InvocationEvent], *, complete: bool) -> Usage:
    """Compute the usage of a skill from its newest calls."""
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
    """Summarize calls given as (status, duration in ms)."""
    durations = sorted(duration for _, duration in calls)
    use = Use(len(calls), sum(status == "error" for status, _ in calls))
    return Summary(use, percentile(durations, 50), percentile(durations, 95), more, looked_through)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the nearest-rank percentile of sorted values; None if there are none."""
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1] if ordered else None


def _shares(calls: Sequence[InvocationEvent], key: Callable[[InvocationEvent], str]) -> list[Share]:
    groups: dict[str, list[InvocationEvent]] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return most_called({name: _use(group) for name, group in groups.items()}, len(groups))


def _use(calls: Sequence[InvocationEvent]) -> Use:
    return Use(len(calls), sum(call.status == "error" for call in calls))
