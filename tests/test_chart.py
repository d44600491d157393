"""The chart of calls by day: bars in proportion, a round scale, words for who does not see it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.template.loader import render_to_string

from invocations.pages.chart import HEIGHT, chart, round_up
from invocations.usage import Series, Use, by_hour

SERIES = Series(date(2026, 11, 23), (Use(100, 25), Use(), Use(1, 1)))


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (5, 6), (9, 10), (10, 10), (11, 20), (50, 60), (101, 200), (99_999, 100_000)],
)
def test_scale_ends_at_a_round_number(number: int, expected: int) -> None:
    assert round_up(number) == expected


def _render(context: dict[str, Any]) -> str:
    """The chart as HTML, without the white space between its elements."""
    return re.sub(r"\s*\n\s*", "", render_to_string("components/chart.html", context))


def test_bars_are_in_proportion_and_what_is_there_is_visible() -> None:
    bars = list(chart(SERIES).bars)
    assert [(bar.height, bar.errors_height) for bar in bars] == [(HEIGHT, HEIGHT // 4), (0, 0), (2, 2)]
    assert [bar.x for bar in bars] == [1, 11, 21]


def test_chart_of_nothing_is_empty() -> None:
    empty = chart(Series(date(2026, 11, 23), (Use(), Use())))
    assert (empty.top, empty.scale, [bar.height for bar in empty.bars]) == (2, [2, 1, 0], [0, 0])


def test_drawing_has_its_numbers_in_words_and_as_a_table() -> None:
    page = _render({"chart": chart(SERIES), "title": "Calls of greeter"})
    assert 'aria-label="Calls of greeter: 101 calls, 26 failed"' in page
    assert re.findall(r'<td class="sk-number">(\d+)</td>', page) == ["100", "25", "0", "0", "1", "1"]
    assert page.count('<rect class="sk-chart-calls"') == page.count('<rect class="sk-chart-errors"') == 2
    assert "Days are in UTC." in page
    assert "style=" not in page


@pytest.mark.parametrize(("bars", "labels"), [(7, 7), (24, 8), (30, 6), (90, 6), (31, 1), (1, 1)])
def test_labels_stand_at_equal_distances_and_never_run_into_each_other(bars: int, labels: int) -> None:
    drawn = chart(Series(date(2026, 9, 1), (Use(1),) * bars))
    assert len(drawn.labels) == labels
    assert drawn.labels[0] == date(2026, 9, 1)
    assert drawn.ticks_path.count("M") == labels


def test_axes_are_labelled_with_numbers_and_days() -> None:
    page = _render({"chart": chart(Series(date(2026, 9, 1), (Use(1900),) * 30))})
    assert "<li>2,000</li><li>1,000</li><li>0</li>" in page
    assert "<li>09-01</li><li>09-06</li>" in page


def test_hours_are_named_by_when_they_begin() -> None:
    began = datetime(2026, 11, 22, 23, tzinfo=UTC)
    drawn = chart(by_hour(began, {began: Use(3)}, 2), complete=False)
    page = _render({"chart": drawn, "title": "Calls"})
    assert '<th scope="row">2026-11-22 23:00</th><td class="sk-number">3</td>' in page
    assert '<th scope="row">2026-11-23 00:00</th><td class="sk-number">0</td>' in page
    assert "<li>23:00</li><li>00:00</li>" in page
    assert "There were more calls; only the newest are counted." in page


def test_chart_of_no_calls_says_so_in_place_of_bars() -> None:
    page = _render({"chart": chart(Series(date(2026, 11, 23), (Use(),)))})
    assert "No calls in this period." in page
    assert "<svg" not in page


def test_small_drawing_says_the_same_in_words() -> None:
    page = render_to_string("components/spark.html", {"chart": chart(SERIES)})
    assert 'aria-label="101 calls, 26 failed"' in page
    assert page.count(" 200V") == 4  # bars
