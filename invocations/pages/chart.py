"""Where the bars of a chart of calls by day or hour are; `components/chart.html` and `spark.html` draw them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from invocations.usage import HOUR, Series, Use

STEP, GAP = 10, 2
"""Units from one bar to the next, and between them."""
HEIGHT = 200
VISIBLE = 2
"""The least height of what is there at all."""
LABELS_MAX = 8
"""More labels than these would run into each other in a narrow window."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: all its calls from the bottom up to `y`, and over that the failed ones up to `errors_y`."""

    day: date
    use: Use
    left: int
    """Where the day begins; its bar is half a gap further."""
    y: int
    errors_y: int

    @property
    def x(self) -> int:
        """The left edge."""
        return self.left + GAP // 2

    @property
    def height(self) -> int:
        """Of all calls."""
        return HEIGHT - self.y

    @property
    def errors_height(self) -> int:
        """Of the failed ones."""
        return HEIGHT - self.errors_y


@dataclass(frozen=True)
class Chart:
    """Calls by day as stacked bars, in whole units of an SVG's view box."""

    series: Series
    top: int
    """The number of calls at the upper edge."""
    complete: bool = True
    """Whether all calls of the time are counted, and not only the newest."""

    @property
    def width(self) -> int:
        """Of the view box."""
        return STEP * len(self.series.uses)

    height = HEIGHT
    middle = HEIGHT // 2
    step = STEP
    bar_width = STEP - GAP

    @property
    def hourly(self) -> bool:
        """Whether its bars are hours."""
        return self.series.step == HOUR

    @property
    def labels(self) -> list[date]:
        """What is written below the bars, at equal distances: the day or hour that begins there."""
        return [day for day, _ in self.series.days[:: self._bars_a_label]]

    @property
    def ticks_path(self) -> str:
        """A line up from each label."""
        number = len(self.series.uses)
        return "".join(f"M{bar * STEP} {HEIGHT}V0" for bar in range(0, number, self._bars_a_label))

    @property
    def bars(self) -> Iterator[Bar]:
        """One for each day."""
        for number, (day, use) in enumerate(self.series.days):
            yield Bar(day, use, number * STEP, self._y(use.calls), self._y(use.errors))

    @property
    def calls_path(self) -> str:
        """All bars of calls as one SVG path: a list of many charts is drawn with it."""
        return "".join(f"M{bar.x} {HEIGHT}V{bar.y}h{STEP - GAP}V{HEIGHT}z" for bar in self.bars if bar.use.calls)

    @property
    def errors_path(self) -> str:
        """All bars of failed calls, likewise."""
        return "".join(
            f"M{bar.x} {HEIGHT}V{bar.errors_y}h{STEP - GAP}V{HEIGHT}z" for bar in self.bars if bar.use.errors
        )

    @property
    def scale(self) -> list[int]:
        """What the upper edge, the middle and the bottom stand for."""
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
    """The chart of a series, its scale ending at a round number."""
    return Chart(series, round_up(max((use.calls for use in series.uses), default=0)), complete)


def round_up(number: int) -> int:
    """The next of 2, 4, 6, 8, 10, 20, 40, ..., so that half of it is a whole number, too."""
    power = 10 ** max(len(str(number - 1)) - 1, 0) if number > 1 else 1
    return next(step * power for step in (2, 4, 6, 8, 10) if step * power >= number)
