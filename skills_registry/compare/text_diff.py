"""Two texts -> what a page of their difference shows, as HTML. Pure; call it in a worker process.

Texts of many lines or words in a line take much time and memory to compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skills_registry.media_types import decode_text
from skills_registry.rendering.hidden_characters import visible_html

from .diff_view import diff_page, unified
from .line_diff import LineDiff, diff_lines
from .word_diff import Line, Piece, Row


@dataclass(frozen=True)
class View:
    """How the lines are to be shown: in two columns (`split`) or one, and what part of them, see `diff_page`."""

    split: bool = False
    opened: tuple[int, ...] = ()
    everything: bool = False
    start: int = 0


@dataclass(frozen=True)
class Part:
    """Part of a line as HTML; so many characters after it are not shown."""

    html: str
    hidden: int = 0


@dataclass(frozen=True)
class ShownLine:
    """A line: number from 1, its parts, and its end ("" for none)."""

    number: int
    parts: tuple[Part, ...]
    end: str


@dataclass(frozen=True)
class ShownRow:
    """See `word_diff.Row`."""

    before: ShownLine | None
    after: ShownLine | None
    same: bool
    alike: bool


@dataclass(frozen=True)
class ShownPart:
    """Rows, or so many unchanged lines that are `folded` away, of which the first before has the index `at`."""

    rows: tuple[ShownRow, ...]
    folded: int
    at: int


@dataclass(frozen=True)
class TextDiff:
    """What there is to show of two texts; `ends` are the kinds of line ends where they are not the same.

    `next` is where the following page starts, None at the end; `exact` is explained at `LineDiff`.
    """

    added: int
    removed: int
    exact: bool
    ends: tuple[list[str], list[str]] | None
    parts: tuple[ShownPart, ...]
    next: int | None


def compare_texts(before: bytes, after: bytes, view: View) -> TextDiff | None:
    """What differs between two files; None where one of them is no text."""
    old, new = decode_text(before), decode_text(after)
    if old is None or new is None:
        return None
    diff = diff_lines(old, new)
    page = diff_page(diff, opened=frozenset(view.opened), everything=view.everything, start=view.start)
    parts = tuple(ShownPart(_rows(part.rows, view), part.folded, part.block.before.start) for part in page.parts)
    return TextDiff(diff.added, diff.removed, diff.exact, _ends(diff), parts, page.next)


def marked_html(pieces: Sequence[Piece], mark: str) -> str:
    """Pieces of a text; those that differ are within `mark` (ins or del)."""
    return "".join(_piece_html(piece, mark) for piece in pieces)


def _rows(rows: tuple[Row, ...], view: View) -> tuple[ShownRow, ...]:
    ordered = rows if view.split else tuple(unified(rows))
    return tuple(ShownRow(_line(row.before, "del"), _line(row.after, "ins"), row.same, row.alike) for row in ordered)


def _line(line: Line | None, mark: str) -> ShownLine | None:
    return ShownLine(line.number, tuple(_parts(line.pieces, mark)), line.end) if line else None


def _parts(pieces: Sequence[Piece], mark: str) -> list[Part]:
    """The pieces, joined as far as nothing is hidden between them."""
    parts: list[Part] = []
    start = 0
    for end, piece in enumerate(pieces, 1):
        if piece.hidden or end == len(pieces):
            parts.append(Part(marked_html(pieces[start:end], mark), piece.hidden))
            start = end
    return parts


def _piece_html(piece: Piece, mark: str) -> str:
    html = visible_html(piece.text)
    return f"<{mark}>{html}</{mark}>" if piece.marked else html


def _ends(diff: LineDiff) -> tuple[list[str], list[str]] | None:
    if not diff.before or not diff.after:
        return None
    before, after = ({line[len(line.rstrip("\r\n")) :] for line in side} - {""} for side in (diff.before, diff.after))
    return (sorted(before), sorted(after)) if before != after else None
