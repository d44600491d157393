"""Geometry of the call charts that `components/chart.html` and `spark.html` draw. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from invocations.usage import HOUR, Series, Use

STEP, GAP = 10, 2
"""Distance between bar starts, and gap between bars, in SVG units."""
HEIGHT = 200
VISIBLE = 2
"""Minimum height of a bar that is not zero."""
LABELS_MAX = 8
"""More labels would overlap in a narrow window."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: all calls from the bottom up to `y`, drawn over by the failed ones up to `errors_y`."""

    day: date
    use: Use
    left: int
    """Start of the day; its bar begins half a gap later."""
    y: int
    errors_y: int

    @property
    def x(self) -> int:
        """The left edge of the bar."""
        return self.left + GAP // 2

    @property
    def height(self) -> int:
        """Height of the bar of all calls."""
        return HEIGHT - self.y

    @property
    def errors_height(self) -> int:
        """Height of the bar of failed calls."""
        return HEIGHT - self.errors_y


@dataclass(frozen=True)
class Chart:
    """Calls per day or hour as stacked bars, in whole units of an SVG view box."""

    series: Series
    top: int
    """Number of calls at the top edge."""
    complete: bool = True
    """Whether all calls of the period are counted, not only the newest."""

    @property
    def width(self) -> int:
        """Width of the view box."""
        return STEP * len(self.series.uses)

    height = HEIGHT
    middle = HEIGHT // 2
    step = STEP
    bar_width = STEP - GAP

    @property
    def hourly(self) -> bool:
        """Whether each bar is an hour."""
        return self.series.step == HOUR

    @property
    def labels(self) -> list[date]:
        """Evenly spaced axis labels: the day or hour that begins there."""
        return [day for day, _ in self.series.days[:: self._bars_a_label]]

    @property
    def ticks_path(self) -> str:
        """SVG path of a vertical line at each label."""
        number = len(self.series.uses)
        return "".join(f"M{bar * STEP} {HEIGHT}V0" for bar in range(0, number, self._bars_a_label))

    @property
    def bars(self) -> Iterator[Bar]:
        """One bar per day or hour."""
        for number, (day, use) in enumerate(self.series.days):
            yield Bar(day, use, number * STEP, self._y(use.calls), self._y(use.errors))

    @property
    def calls_path(self) -> str:
        """All call bars as one SVG path, which is cheap in a list of many charts."""
        return "".join(f"M{bar.x} {HEIGHT}V{bar.y}h{STEP - GAP}V{HEIGHT}z" for bar in self.bars if bar.use.calls)

    @property
    def errors_path(self) -> str:
        """All bars of failed calls as one SVG path."""
        return "".join(
            f"M{bar.x} {HEIGHT}V{bar.errors_y}h{STEP - GAP}V{HEIGHT}z" for bar in self.bars if bar.use.errors
        )

    @property
    def scale(self) -> list[int]:
        """Values at the top, the middle and the bottom."""
        return [self.top, self.top // 2, 0]

    @property
    def _bars_a_label(self) -> int:
        number = len(self.series.uses)
        fewest = -(-number // LABELS_MAX)
        return next((bars for bars in range(fewest, number) if bars and number % bars == 0), max(number, 1))

    def _y(self, number: int) -> int:
        height = max(HEIGHT * number // self.top, VISIBLE) if number else 0
        return HEIGHT - height


def chart(series: Series, *, complete: bool = True) -> Chart:
    """Return the chart of a series, scaled to a round number."""
    return Chart(series, round_up(max((use.calls for use in series.uses), default=0)), complete)


def round_up(number: int) -> int:
    """Round up to 2, 4, 6, 8, 10, 20, 40, ..., so that half of it is also whole."""
    power = 10 ** max(len(str(number - 1)) - 1, 0) if number > 1 else 1
    return next(step * power for step in (2, 4, 6, 8, 10) if step * power >= number)
