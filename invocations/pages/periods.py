"""The period of a call chart, chosen with the query parameter `days`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from invocations import queries
from invocations.usage import Series, last_days, last_hours

from .chart import Chart, chart

DAY_OF_HOURS = 1
"""One day is charted by the hour."""
HOURS = 24
CHOICES = (DAY_OF_HOURS, 7, 30, 90)
USUAL = 30


@dataclass(frozen=True)
class Period:
    """A number of days until now."""

    days: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Parse the query parameter `days`; an invalid value means the default."""
        return cls(next((days for days in available_days() if str(days) == text), USUAL))

    @property
    def by_hour(self) -> bool:
        """Whether the chart shows hours instead of days."""
        return self.days == DAY_OF_HOURS

    @property
    def since(self) -> datetime:
        """Start of the first hour or day."""
        return last_hours(HOURS) if self.by_hour else datetime.combine(last_days(self.days)[0], time(), UTC)

    @property
    def choices(self) -> list[int]:
        """The selectable numbers of days."""
        return available_days()


def available_days() -> list[int]:
    """Return the selectable numbers of days; the hourly chart only if the store counts hours."""
    return [days for days in CHOICES if days != DAY_OF_HOURS or queries.counts_hours()]


def chart_period(period: Period, skill: str | None, days: Series | None) -> Chart | None:
    """Return the chart of a period, for one skill or all; None if the store is unavailable.

    `days` must cover at least the days of the period.
    """
    if not period.by_hour:
        return chart(days.between(*last_days(period.days))) if days else None
    found = queries.hours(skill, HOURS)
    return chart(found[0], complete=found[1]) if found else None
