"""The time that a chart of calls shows: chosen by the reader, and kept in the address as `days`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from invocations import queries
from invocations.usage import Series, last_days, last_hours

from .chart import Chart, chart

DAY_OF_HOURS = 1
"""A day is shown by the hour."""
HOURS = 24
CHOICES = (DAY_OF_HOURS, 7, 30, 90)
USUAL = 30


@dataclass(frozen=True)
class Period:
    """So many days until now."""

    days: int

    @classmethod
    def asked(cls, text: str) -> Period:
        """The one that an address names; the usual one where it names none that there is."""
        return cls(next((days for days in offered() if str(days) == text), USUAL))

    @property
    def by_hour(self) -> bool:
        """Whether hours are shown in place of days."""
        return self.days == DAY_OF_HOURS

    @property
    def since(self) -> datetime:
        """When the first of its hours or days began."""
        return last_hours(HOURS) if self.by_hour else datetime.combine(last_days(self.days)[0], time(), UTC)

    @property
    def choices(self) -> list[int]:
        """The days that one can choose."""
        return offered()


def offered() -> list[int]:
    """The days that there are counts for, by the hour only where the store has them."""
    return [days for days in CHOICES if days != DAY_OF_HOURS or queries.counts_hours()]


def charted(period: Period, skill: str | None, days: Series | None) -> Chart | None:
    """The chart of a period, of a skill or of all together; None where the calls are not known.

    `days` are the calls of at least the days of the period.
    """
    if not period.by_hour:
        return chart(days.between(*last_days(period.days))) if days else None
    found = queries.hours(skill, HOURS)
    return chart(found[0], complete=found[1]) if found else None
