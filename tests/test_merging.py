"""Two texts made from one, merged: what only one side changed is kept, and nothing of either is lost unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills_registry.compare import line_diff
from skills_registry.compare.line_diff import split_lines
from skills_registry.compare.three_way_merge import Choice, Region, merge_texts, merged_text

texts = st.text(alphabet="ab \n\r", max_size=40)
lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "\n"]), max_size=10).map("".join)


def conflicts(regions: list[Region]) -> list[Region]:
    return [region for region in regions if region.conflict]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"),
        ("a\nb\nc\n", "a\nb\nc\nd\n", "0\na\nb\nc\n", "0\na\nb\nc\nd\n"),
        ("a\nb\nc\nd\n", "a\nd\n", "a\nb\nc\nd\ne\n", "a\nd\ne\n"),
        ("a\nb\n", "a\nx\nb\n", "a\nx\nb\n", "a\nx\nb\n"),
        ("a\nb\nc", "A\nb\nc", "a\nb\nc\n", "A\nb\nc\n"),
        ("a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n"),
    ],
)
def test_changes_that_do_not_touch_are_merged(base: str, mine: str, theirs: str, merged: str) -> None:
    regions = merge_texts(base, mine, theirs)
    assert conflicts(regions) == []
    assert merged_text(regions) == merged


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "conflict"),
    [
        ("a\nb\nc\n", "a\nM\nc\n", "a\nT\nc\n", ("M\n", "T\n", 2)),
        ("a\nb\nc\n", "a\nM\nc\n", "a\nb\nT\n", ("M\nc\n", "b\nT\n", 2)),
        ("a\nb\n", "a\n", "a\nT\n", ("", "T\n", 2)),
        ("a\n", "a\nM\n", "a\nT\n", ("M\n", "T\n", 2)),
        ("", "same\nM\nend\n", "same\nT\nend\n", ("M\n", "T\n", 2)),
        ("a\n", "M", "T", ("M", "T", 1)),
    ],
)
def test_what_both_changed_is_a_conflict(base: str, mine: str, theirs: str, conflict: tuple[str, str, int]) -> None:
    (found,) = conflicts(merge_texts(base, mine, theirs))
    assert (found.mine, found.theirs, found.line) == conflict


def test_conflicts_are_decided_one_by_one() -> None:
    regions = merge_texts("1\nx\n2\nx\n3", "M\nx\nM\nx\nM", "T\nx\nT\nx\nT")
    choices: list[Choice] = ["mine", "theirs", "both"]
    assert merged_text(regions, choices) == "M\nx\nT\nx\nT\nM"
    assert merged_text(regions) == "T\nx\nT\nx\nT"


@given(texts, texts)
def test_side_that_changed_nothing_takes_all_of_the_other(base: str, made: str) -> None:
    for mine, theirs in ((made, base), (base, made), (made, made)):
        regions = merge_texts(base, mine, theirs)
        assert conflicts(regions) == []
        assert merged_text(regions) == made


@given(texts, texts, texts)
def test_sides_are_treated_alike(base: str, mine: str, theirs: str) -> None:
    there, back = merge_texts(base, mine, theirs), merge_texts(base, theirs, mine)
    assert [(one.mine, one.theirs, one.conflict) for one in there] == [
        (one.theirs, one.mine, one.conflict) for one in back
    ]


@given(lines, lines, lines)
def test_no_line_that_somebody_wrote_is_lost(base: str, mine: str, theirs: str) -> None:
    regions = merge_texts(base, mine, theirs)
    both: list[Choice] = ["both"] * len(conflicts(regions))
    made = split_lines(merged_text(regions, both))
    for side in (mine, theirs):
        for line in set(split_lines(side)):
            new = split_lines(side).count(line) - split_lines(base).count(line)
            assert made.count(line) >= new


@given(lines, lines, lines)
def test_decided_for_one_side_a_conflict_is_as_that_side_has_it(base: str, mine: str, theirs: str) -> None:
    regions = merge_texts(base, mine, theirs)
    for region in conflicts(regions):
        assert region.mine in mine
        assert region.theirs in theirs
        assert split_lines(theirs)[region.line - 1 :][: len(split_lines(region.theirs))] == split_lines(region.theirs)


def test_texts_too_large_to_compare_line_by_line_are_merged_coarsely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_diff, "CELLS_MAX", 0)
    regions = merge_texts("1\n2\n3\n4\n5\n", "M\n2\n3\n4\n5\n", "1\n2\n3\n4\nT\n")
    assert merged_text(regions) == "M\n2\n3\n4\nT\n"
    assert len(conflicts(merge_texts("1\n2\n3\n", "M\n2\nM\n", "1\nT\n3\n"))) == 1
