"""What differs between two texts, line by line and word by word."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills_registry.compare import line_diff
from skills_registry.compare.diff_view import LINE_MAX, ROWS_MAX, Page, diff_page, unify_rows
from skills_registry.compare.line_diff import Block, LineDiff, diff_lines, split_lines
from skills_registry.compare.word_diff import Line, Piece, align_rows, diff_words

texts = st.text(alphabet="ab \n\r", max_size=40)


@given(texts, texts)
def test_the_blocks_are_both_texts_in_order_and_say_rightly_what_is_the_same(before: str, after: str) -> None:
    diff = diff_lines(before, after)
    assert ("".join(diff.before), "".join(diff.after)) == (before, after)
    one = other = 0
    for block in diff.blocks:
        assert (block.before.start, block.after.start) == (one, other)
        one, other = block.before.stop, block.after.stop
        equal = [diff.before[i] for i in block.before] == [diff.after[i] for i in block.after]
        assert equal == block.same
    assert (one, other) == (len(diff.before), len(diff.after))


@given(texts, texts)
def test_applied_to_the_earlier_text_it_gives_the_later_one(before: str, after: str) -> None:
    diff = diff_lines(before, after)
    lines = [
        line
        for block in diff.blocks
        for line in ([diff.before[i] for i in block.before] if block.same else [diff.after[i] for i in block.after])
    ]
    assert "".join(lines) == after


@given(texts, texts)
def test_the_way_back_removes_what_the_way_there_adds(before: str, after: str) -> None:
    there, back = diff_lines(before, after), diff_lines(after, before)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert (there.added == there.removed == 0) == (before == after)


@given(texts, texts)
def test_rows_show_every_line_once_in_order(before: str, after: str) -> None:
    diff = diff_lines(before, after)
    shown = [row for block in diff.blocks for row in align_rows(diff, block)]
    for side, lines in (("before", diff.before), ("after", diff.after)):
        found: list[Line] = [line for row in shown if (line := getattr(row, side))]
        assert [line.number for line in found] == list(range(1, len(lines) + 1))
        assert ["".join(piece.text for piece in line.pieces) + line.end for line in found] == lines


@given(st.text(max_size=30), st.text(max_size=30))
def test_words_that_are_not_marked_are_the_same(before: str, after: str) -> None:
    old, new = diff_words(before, after)
    assert ("".join(piece.text for piece in old), "".join(piece.text for piece in new)) == (before, after)
    if before != after:
        assert any(piece.marked for piece in (*old, *new))
    else:
        assert not any(piece.marked for piece in (*old, *new))


def test_lines_end_as_they_end_in_a_manifest() -> None:
    assert split_lines("a\nb\r\nc\rd") == ["a\n", "b\r\n", "c\r", "d"]
    assert split_lines("\n\n") == ["\n", "\n"]
    assert split_lines("") == []
    assert split_lines("a\u2028b\x0bc\n") == ["a\u2028b\x0bc\n"]


def test_a_line_end_that_changed_is_a_change_of_its_line() -> None:
    diff = diff_lines("one\r\ntwo", "one\ntwo\n")
    (block,) = diff.blocks
    assert [(row.before, row.after) for row in align_rows(diff, block)] == [
        (Line(1, (Piece("one"),), "\r\n"), Line(1, (Piece("one"),), "\n")),
        (Line(2, (Piece("two"),), ""), Line(2, (Piece("two"),), "\n")),
    ]


def marked(pieces: tuple[Piece, ...]) -> str:
    return "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("Say hello to all.", "Say goodbye to all.", ("Say [hello] to all.", "Say [goodbye] to all.")),
        ("run(a, b)", "run(a)", ("run(a[, b])", "run(a)")),
        ("one two three", "eins zwei three", ("[one two] three", "[eins zwei] three")),
        ("打招呼给大家", "打电话给大家", ("打[招呼]给大家", "打[电话]给大家")),
        ("مرحبا بكم", "أهلا بكم", ("[مرحبا] بكم", "[أهلا] بكم")),
        ("ok 👩‍💻 go", "ok 👩‍🔬 go", ("ok [👩‍💻] go", "ok [👩‍🔬] go")),
    ],
)
def test_words_in_a_changed_line_are_marked(before: str, after: str, shown: tuple[str, str]) -> None:
    old, new = diff_words(before, after)
    assert (marked(old), marked(new)) == shown


def test_a_changed_line_stands_beside_what_it_was_before() -> None:
    diff = diff_lines("x = compute(1)\n", "# A comment.\n# Another one.\nx = compute(2)\n")
    (block,) = diff.blocks
    found = align_rows(diff, block)
    assert [(row.before and row.before.number, row.after and row.after.number, row.alike) for row in found] == [
        (None, 1, False),
        (None, 2, False),
        (1, 3, True),
    ]


def test_one_column_shows_what_was_removed_before_what_was_added() -> None:
    diff = diff_lines("a\nb\nc\n", "a\nB\nC\n")
    found = [row for block in diff.blocks for row in unify_rows(align_rows(diff, block))]
    assert [(row.before and row.before.number, row.after and row.after.number) for row in found] == [
        (1, 1),
        (2, None),
        (3, None),
        (None, 2),
        (None, 3),
    ]


NUMBERED = "".join(f"line {number}\n" for number in range(1, 101))


def folds(page: Page) -> list[tuple[int, int]]:
    return [(part.block.before.start, part.folded) for part in page.parts if part.folded]


def test_unchanged_lines_are_folded_away_but_for_some_around_what_differs() -> None:
    diff = diff_lines(NUMBERED, NUMBERED.replace("line 50\n", "LINE 50\n"))
    page = diff_page(diff)
    assert folds(page) == [(0, 46), (53, 47)]
    assert [row.before.number for part in page.parts for row in part.rows if row.before] == list(range(47, 54))
    assert folds(diff_page(diff, opened=[53])) == [(0, 46)]
    assert folds(diff_page(diff, everything=True)) == []


def test_a_long_diff_comes_in_pages_that_together_show_it_all() -> None:
    before, after = ("".join(f"{word} {number}\n" for number in range(5000)) for word in ("old", "new"))
    diff = diff_lines(before, after)
    start: int | None = 0
    numbers: list[int] = []
    pages = 0
    while start is not None:
        page = diff_page(diff, start=start)
        found = [row.after.number for part in page.parts for row in part.rows if row.after]
        assert len(found) <= ROWS_MAX + 100
        numbers += found
        start, pages = page.next, pages + 1
    assert numbers == list(range(1, 5001))
    assert pages > 5


def test_a_long_line_is_shown_around_what_differs_and_says_how_much_is_not_shown() -> None:
    head, tail = "head " * 2000, " tail" * 2000
    diff = diff_lines(f"{head}old{tail}", f"{head}new{tail}")
    (row,) = diff_page(diff).parts[0].rows
    assert row.before is not None
    shown = "".join(piece.text for piece in row.before.pieces)
    assert Piece("old", marked=True) in row.before.pieces
    assert len(shown) + sum(piece.hidden for piece in row.before.pieces) == len(head) + 3 + len(tail)


def test_a_line_that_is_all_new_is_cut_and_counted() -> None:
    (row,) = diff_page(diff_lines("", "x" * 1_000_000)).parts[0].rows
    assert row.after is not None
    (piece,) = row.after.pieces
    assert (len(piece.text) + piece.hidden, len(piece.text)) == (1_000_000, LINE_MAX)


def test_texts_too_large_to_compare_line_by_line_still_give_a_true_diff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_diff, "CELLS_MAX", 3)
    diff = diff_lines("same\na\nb\nend\n", "same\nc\nb\nend\n")
    assert diff.exact, "what is the same at both ends costs nothing"
    diff = diff_lines("same\na\nb\nc\nend\n", "same\n1\nb\n2\nend\n")
    assert not diff.exact
    assert [(block.same, len(block.before)) for block in diff.blocks] == [(True, 1), (False, 3), (True, 1)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n" * 8_000_000, "\r" * 8_000_000),
        ("a\nb\n" * 200_000, "b\na\n" * 200_000),
        ("".join(f"{n}\n" for n in range(9_000)), "".join(f"{n}\n" for n in range(9_000, 0, -1))),
        ("a b " * 500_000, "b a " * 500_000),
        ("x" * 4_000_000, "y" * 4_000_000),
        (
            "".join(f"{'z' * 390}{n % 10}\n" for n in range(20_000)),
            "".join(f"{'z' * 390}{n % 7}x\n" for n in range(20_000)),
        ),
    ],
    ids=["line-ends", "alternating", "reversed", "words", "one-line", "alike"],
)
def test_hostile_texts_cost_seconds_at_most(before: str, after: str) -> None:
    began = time.process_time()
    page = diff_page(diff_lines(before, after))
    assert page.parts
    assert time.process_time() - began < 15  # as a rule two or three; a quadratic way would take hours


def test_nothing_differs_in_equal_texts() -> None:
    assert diff_lines("a\n", "a\n").blocks == [Block(True, range(1), range(1))]
    assert diff_lines("", "") == LineDiff([], [], [])
