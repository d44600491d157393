"""Pairs changed lines, and compares them by word. Pure; bounded like `line_diff`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rapidfuzz.distance import Indel

from .line_diff import Block, LineDiff, diff_sequences

WORDS_MAX = 1_000_000
"""Most old words times new words of lines that are compared by word."""
PAIRS_MAX = 400
"""Most old lines times new lines of a block in which the best pairs are searched; larger ones pair in order."""
COMPARED_MAX = 400
"""Characters of a line used to measure likeness."""
LIKENESS_MIN = 0.4
"""Lowest likeness at which two lines count as one changed line, and are compared by word."""

_EAST = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
"""Scripts without spaces between words, and their punctuation: each character counts as a word."""
_WORD = re.compile(rf"[{_EAST}]|\s+|[!-/:-@\[-`{{-~]|[^\s!-/:-@\[-`{{-~{_EAST}]+")


@dataclass(frozen=True)
class Piece:
    """Part of a line; `marked` if it differs; `hidden` characters after it are cut."""

    text: str
    marked: bool = False
    hidden: int = 0


@dataclass(frozen=True)
class Line:
    """A line; `number` counts from 1, `pieces` exclude the line end, `end` is the line end ("" for none)."""

    number: int
    pieces: tuple[Piece, ...]
    end: str


@dataclass(frozen=True)
class Row:
    """Two lines side by side, None if a side has none; `alike` marks one line that was changed."""

    before: Line | None
    after: Line | None
    same: bool = False
    alike: bool = False


def align_rows(diff: LineDiff, block: Block) -> list[Row]:
    """Align a block's lines, similar lines beside each other."""
    if block.same:
        return [
            Row(_plain_line(diff.before, one), _plain_line(diff.after, other), same=True)
            for one, other in zip(block.before, block.after, strict=True)
        ]
    found: list[Row] = []
    one, other = block.before.start, block.after.start
    for left, right in _pair_lines(diff, block):
        found += _unpaired_rows(diff, range(one, left), range(other, right))
        found.append(_changed_row(diff, left, right))
        one, other = left + 1, right + 1
    return found + list(_unpaired_rows(diff, range(one, block.before.stop), range(other, block.after.stop)))


def diff_words(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Split two lines into pieces, and mark those that differ."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    blocks = diff_sequences(old, new, WORDS_MAX)
    if blocks is None:
        return (Piece(before, marked=True),), (Piece(after, marked=True),)
    left = _pieces((not block.same, "".join(old[block.before.start : block.before.stop])) for block in blocks)
    right = _pieces((not block.same, "".join(new[block.after.start : block.after.stop])) for block in blocks)
    return left, right


def _pieces(parts: Iterable[tuple[bool, str]]) -> tuple[Piece, ...]:
    """Drop empty pieces, and mark whitespace between two marked pieces, so that a phrase is marked as one."""
    found: list[Piece] = []
    for marked, text in parts:
        if marked and text and len(found) > 1 and found[-2].marked and found[-1].text.isspace():
            found[-2:] = [Piece(found[-2].text + found[-1].text + text, marked)]
        elif text:
            found.append(Piece(text, marked))
    return tuple(found)


def _pair_lines(diff: LineDiff, block: Block) -> Sequence[tuple[int, int]]:
    """Pair the old and new lines that are similar, in order on both sides."""
    if len(block.before) * len(block.after) > PAIRS_MAX:
        in_order = zip(block.before, block.after, strict=False)
        return [pair for pair in in_order if _likeness(diff, *pair) >= LIKENESS_MIN]
    return _best_pairs(diff, block)


def _best_pairs(diff: LineDiff, block: Block) -> list[tuple[int, int]]:
    """The ordered pairs with the highest total likeness."""
    height, width = len(block.before), len(block.after)
    best = [[0.0] * (width + 1) for _ in range(height + 1)]
    gain = [[_likeness(diff, one, other) for other in block.after] for one in block.before]
    for i in range(height - 1, -1, -1):
        for j in range(width - 1, -1, -1):
            paired = gain[i][j] + best[i + 1][j + 1] if gain[i][j] >= LIKENESS_MIN else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < height and j < width:
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((block.before[i], block.after[j]))
            i, j = i + 1, j + 1
    return pairs


def _likeness(diff: LineDiff, one: int, other: int) -> float:
    """Likeness of two lines, from 0 to 1."""
    left, right = diff.before[one].strip(), diff.after[other].strip()
    return Indel.normalized_similarity(left[:COMPARED_MAX], right[:COMPARED_MAX])


def _unpaired_rows(diff: LineDiff, before: range, after: range) -> Iterator[Row]:
    """Rows of lines without a similar line; both sides share rows."""
    for one, other in zip_longest(before, after):
        yield Row(
            None if one is None else _plain_line(diff.before, one),
            None if other is None else _plain_line(diff.after, other),
        )


def _changed_row(diff: LineDiff, one: int, other: int) -> Row:
    (left, left_end), (right, right_end) = _split_line_end(diff.before[one]), _split_line_end(diff.after[other])
    old, new = diff_words(left, right)
    return Row(Line(one + 1, old, left_end), Line(other + 1, new, right_end), alike=True)


def _plain_line(lines: Sequence[str], index: int) -> Line:
    text, end = _split_line_end(lines[index])
    return Line(index + 1, (Piece(text),) if text else (), end)


def _split_line_end(line: str) -> tuple[str, str]:
    """Split a line into text and line end."""
    text = line.rstrip("\r\n")
    return text, line[len(text) :]
