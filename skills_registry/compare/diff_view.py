"""Pages of a diff: changes with context, of bounded size. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby

from .line_diff import Block, LineDiff
from .word_diff import Line, Piece, Row, align_rows

CONTEXT = 3
"""Unchanged lines shown around a change."""
GAP_MIN = 4
"""Fewest unchanged lines that are folded; fewer are shown."""
ROWS_MAX = 600
CHARACTERS_MAX = 150_000
"""Approximate limits of one page; the rest follows on the next."""
SPLIT_AT = 100
"""Lines of a block that are processed at once."""
LINE_MAX = 2000
"""Characters shown of a line."""
KEPT_AROUND_CUT = 150
"""Characters kept on each side of a cut in a long line."""


@dataclass(frozen=True)
class PagePart:
    """A part of a page: rows, or a folded run of unchanged lines (`rows` is empty)."""

    block: Block
    rows: tuple[Row, ...] = ()

    @property
    def folded(self) -> int:
        """Number of folded lines."""
        return 0 if self.rows else len(self.block.before)


@dataclass(frozen=True)
class Page:
    """One page of a diff; `next` is the start of the following page, None at the end."""

    parts: tuple[PagePart, ...]
    next: int | None = None


def diff_page(diff: LineDiff, *, opened: Collection[int] = (), everything: bool = False, start: int = 0) -> Page:
    """The page that starts at part `start` (0, or `next` of the previous page).

    `opened` are the folded parts to show, each by the index of its first line in the old text; `everything`
    shows them all.
    """
    parts: list[PagePart] = []
    shown = characters = 0
    for number, (block, folded) in enumerate(_parts(diff, opened, everything)):
        if number < start:
            continue
        if shown >= ROWS_MAX or characters >= CHARACTERS_MAX:
            return Page(tuple(parts), number)
        part = PagePart(block, () if folded else tuple(map(_shorten_row, align_rows(diff, block))))
        shown += len(part.rows)
        characters += sum(len(piece.text) for row in part.rows for piece in _pieces_of(row))
        parts.append(part)
    return Page(tuple(parts))


def unify_rows(found: Iterable[Row]) -> Iterator[Row]:
    """Rearrange rows for one column: removed lines before the added ones."""
    for same, group in groupby(found, key=lambda row: row.same):
        run = list(group)
        if same:
            yield from run
        else:
            yield from (replace(row, after=None) for row in run if row.before)
            yield from (replace(row, before=None) for row in run if row.after)


def _parts(diff: LineDiff, opened: Collection[int], everything: bool) -> Iterator[tuple[Block, bool]]:
    """The blocks in small parts, and whether each part is folded."""
    last = len(diff.blocks) - 1
    for index, block in enumerate(diff.blocks):
        if not block.same or everything:
            yield from ((part, False) for part in _split_block(block))
            continue
        head = CONTEXT if index > 0 else 0
        tail = CONTEXT if index < last else 0
        length = len(block.before)
        if length - head - tail < GAP_MIN or block.before.start + head in opened:
            yield from ((part, False) for part in _split_block(block))
            continue
        parts = ((_slice_block(block, 0, head), False), (_slice_block(block, head, length - tail), True))
        yield from (part for part in (*parts, (_slice_block(block, length - tail, length), False)) if part[0].before)


def _split_block(block: Block) -> Iterator[Block]:
    length = max(len(block.before), len(block.after))
    for at in range(0, length, SPLIT_AT):
        yield _slice_block(block, at, at + SPLIT_AT)


def _slice_block(block: Block, start: int, stop: int) -> Block:
    return Block(block.same, block.before[start:stop], block.after[start:stop])


def _pieces_of(row: Row) -> Iterator[Piece]:
    return chain.from_iterable(line.pieces for line in (row.before, row.after) if line)


def _shorten_row(row: Row) -> Row:
    return replace(row, before=_shorten_line(row.before), after=_shorten_line(row.after))


def _shorten_line(line: Line | None) -> Line | None:
    """Shorten a long line: first cut the middle of unmarked pieces, then the end."""
    if line is None or sum(len(piece.text) for piece in line.pieces) <= LINE_MAX:
        return line
    pieces: list[Piece] = []
    room = LINE_MAX
    marked = any(piece.marked for piece in line.pieces)
    for piece in chain.from_iterable(map(_cut_middle, line.pieces)) if marked else line.pieces:
        text = piece.text[:room]
        room -= len(text)
        hidden = piece.hidden + len(piece.text) - len(text)
        if text or not pieces:
            pieces.append(replace(piece, text=text, hidden=hidden))
        else:
            pieces[-1] = replace(pieces[-1], hidden=pieces[-1].hidden + hidden)
    return replace(line, pieces=tuple(pieces))


def _cut_middle(piece: Piece) -> tuple[Piece, ...]:
    hidden = len(piece.text) - 2 * KEPT_AROUND_CUT
    if piece.marked or hidden <= 0:
        return (piece,)
    return replace(piece, text=piece.text[:KEPT_AROUND_CUT], hidden=hidden), Piece(piece.text[-KEPT_AROUND_CUT:])
