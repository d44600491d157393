"""The diff of two texts as HTML. Pure; call it in a worker process.

Texts with many lines, or many words in a line, take much time and memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skills_registry.media_types import decode_text
from skills_registry.rendering.hidden_characters import visible_html

from .diff_view import diff_page, unify_rows
from .line_diff import LineDiff, diff_lines
from .word_diff import Line, Piece, Row


@dataclass(frozen=True)
class View:
    """How to show the diff: in two columns (`split`) or one; for the other fields, see `diff_page`."""

    split: bool = False
    opened: tuple[int, ...] = ()
    everything: bool = False
    start: int = 0


@dataclass(frozen=True)
class LineFragment:
    """Part of a line as HTML; `hidden` characters after it are cut."""

    html: str
    hidden: int = 0


@dataclass(frozen=True)
class HtmlLine:
    """A line; `number` counts from 1, `end` is its line end ("" for none)."""

    number: int
    parts: tuple[LineFragment, ...]
    end: str


@dataclass(frozen=True)
class HtmlRow:
    """A row as HTML; see `word_diff.Row`."""

    before: HtmlLine | None
    after: HtmlLine | None
    same: bool
    alike: bool


@dataclass(frozen=True)
class HtmlPart:
    """Rows, or a run of `folded` unchanged lines; `at` is the index of the first line in the old text."""

    rows: tuple[HtmlRow, ...]
    folded: int
    at: int


@dataclass(frozen=True)
class TextDiff:
    """One page of a diff; `ends` are the kinds of line ends of both texts if they differ.

    `next` is the start of the following page, None at the end. For `exact`, see `LineDiff`.
    """

    added: int
    removed: int
    exact: bool
    ends: tuple[list[str], list[str]] | None
    parts: tuple[HtmlPart, ...]
    next: int | None


def compare_texts(before: bytes, after: bytes, view: View) -> TextDiff | None:
    """Compare two files; None if one is not text."""
    old, new = decode_text(before), decode_text(after)
    if old is None or new is None:
        return None
    diff = diff_lines(old, new)
    page = diff_page(diff, opened=frozenset(view.opened), everything=view.everything, start=view.start)
    parts = tuple(HtmlPart(_rows(part.rows, view), part.folded, part.block.before.start) for part in page.parts)
    return TextDiff(diff.added, diff.removed, diff.exact, _differing_line_ends(diff), parts, page.next)


def marked_html(pieces: Sequence[Piece], mark: str) -> str:
    """Pieces as HTML; differing ones are in the element `mark` (ins or del)."""
    return "".join(_piece_html(piece, mark) for piece in pieces)


def _rows(rows: tuple[Row, ...], view: View) -> tuple[HtmlRow, ...]:
    ordered = rows if view.split else tuple(unify_rows(rows))
    return tuple(HtmlRow(_line(row.before, "del"), _line(row.after, "ins"), row.same, row.alike) for row in ordered)


def _line(line: Line | None, mark: str) -> HtmlLine | None:
    return HtmlLine(line.number, tuple(_fragments(line.pieces, mark)), line.end) if line else None


def _fragments(pieces: Sequence[Piece], mark: str) -> list[LineFragment]:
    """Join pieces between which nothing is hidden."""
    parts: list[LineFragment] = []
    start = 0
    for end, piece in enumerate(pieces, 1):
        if piece.hidden or end == len(pieces):
            parts.append(LineFragment(marked_html(pieces[start:end], mark), piece.hidden))
            start = end
    return parts


def _piece_html(piece: Piece, mark: str) -> str:
    html = visible_html(piece.text)
    return f"<{mark}>{html}</{mark}>" if piece.marked else html


def _differing_line_ends(diff: LineDiff) -> tuple[list[str], list[str]] | None:
    if not diff.before or not diff.after:
        return None
    before, after = ({line[len(line.rstrip("\r\n")) :] for line in side} - {""} for side in (diff.before, diff.after))
    return (sorted(before), sorted(after)) if before != after else None
