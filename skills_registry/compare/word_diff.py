"""Lines that differ -> pairs of lines, and the words in them that differ. Pure; bounded like `line_diff`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rapidfuzz.distance import Indel

from .line_diff import Block, LineDiff, diff_sequences

WORDS_MAX = 1_000_000
"""Words before times words after in a line that are compared word by word."""
PAIRS_MAX = 400
"""Lines before times lines after in a block where each line looks for its like; in larger ones they pair in order."""
COMPARED_MAX = 400
"""Characters of a line that say whether it is like another."""
LIKENESS_MIN = 0.4
"""From here on two lines are one line that was changed, and their words are compared."""

_EAST = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
"""Scripts that put no spaces between words (and their punctuation): each character is compared by itself."""
_WORD = re.compile(rf"[{_EAST}]|\s+|[!-/:-@\[-`{{-~]|[^\s!-/:-@\[-`{{-~{_EAST}]+")


@dataclass(frozen=True)
class Piece:
    """Part of a line; `marked` where it is what differs; `hidden` characters after it are not shown."""

    text: str
    marked: bool = False
    hidden: int = 0


@dataclass(frozen=True)
class Line:
    """A line as it is shown: number from 1, pieces without the line's end, and that end ("" for none)."""

    number: int
    pieces: tuple[Piece, ...]
    end: str


@dataclass(frozen=True)
class Row:
    """Two lines side by side; None where a side has no such line. `alike`: one line that was changed."""

    before: Line | None
    after: Line | None
    same: bool = False
    alike: bool = False


def align_rows(diff: LineDiff, block: Block) -> list[Row]:
    """A block's lines side by side, like beside like."""
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
    """Two lines in pieces, those that differ marked."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    blocks = diff_sequences(old, new, WORDS_MAX)
    if blocks is None:
        return (Piece(before, marked=True),), (Piece(after, marked=True),)
    left = _pieces((not block.same, "".join(old[block.before.start : block.before.stop])) for block in blocks)
    right = _pieces((not block.same, "".join(new[block.after.start : block.after.stop])) for block in blocks)
    return left, right


def _pieces(parts: Iterable[tuple[bool, str]]) -> tuple[Piece, ...]:
    """Pieces without empty ones; white space between two marked pieces is marked too, since a phrase reads as one."""
    found: list[Piece] = []
    for marked, text in parts:
        if marked and text and len(found) > 1 and found[-2].marked and found[-1].text.isspace():
            found[-2:] = [Piece(found[-2].text + found[-1].text + text, marked)]
        elif text:
            found.append(Piece(text, marked))
    return tuple(found)


def _pair_lines(diff: LineDiff, block: Block) -> Sequence[tuple[int, int]]:
    """The lines of a block that are one line, changed; in order on both sides."""
    if len(block.before) * len(block.after) > PAIRS_MAX:
        in_order = zip(block.before, block.after, strict=False)
        return [pair for pair in in_order if _likeness(diff, *pair) >= LIKENESS_MIN]
    return _best_pairs(diff, block)


def _best_pairs(diff: LineDiff, block: Block) -> list[tuple[int, int]]:
    """The pairs in order whose likenesses sum up to the most."""
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
    """From 0 to 1, how much of two lines is the same."""
    left, right = diff.before[one].strip(), diff.after[other].strip()
    return Indel.normalized_similarity(left[:COMPARED_MAX], right[:COMPARED_MAX])


def _unpaired_rows(diff: LineDiff, before: range, after: range) -> Iterator[Row]:
    """Lines that are not alike, in the same rows where there are some on both sides."""
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
    """A line without its end, and the end."""
    text = line.rstrip("\r\n")
    return text, line[len(text) :]
