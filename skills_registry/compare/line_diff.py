"""Compares two texts by line. Pure; time and memory are bounded for any input."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel

CELLS_MAX = 100_000_000
"""Most old lines times new lines for an exact diff: about 0.1 seconds and 20 MB."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True)
class Block:
    """A run of equal or differing lines; ranges count from 0."""

    same: bool
    before: range
    after: range


@dataclass(frozen=True)
class LineDiff:
    """Two texts as lines (with their line ends) and as blocks.

    `exact` means that as few lines as possible differ. For larger texts, everything between the first and
    the last difference is one block.
    """

    before: list[str]
    after: list[str]
    blocks: list[Block]
    exact: bool = True

    @property
    def added(self) -> int:
        """Number of added lines."""
        return sum(len(block.after) for block in self.blocks if not block.same)

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(len(block.before) for block in self.blocks if not block.same)


def split_lines(text: str) -> list[str]:
    """Split a text into lines with their ends (LF, CRLF or CR), as manifests count them; the last may have none."""
    return _LINE.findall(text)


def diff_lines(before: str, after: str) -> LineDiff:
    """Compare two texts by line; the line end is part of the line."""
    old, new = split_lines(before), split_lines(after)
    blocks = diff_sequences(old, new, CELLS_MAX)
    return LineDiff(old, new, blocks or _coarse_diff(old, new), exact=blocks is not None)


def diff_sequences(before: Sequence[Hashable], after: Sequence[Hashable], cells_max: int) -> list[Block] | None:
    """Find the fewest differences; None if that takes more than `cells_max` comparisons of items."""
    start, end = common_ends(before, after)
    old, new = range(start, len(before) - end), range(start, len(after) - end)
    if len(old) * len(new) > cells_max:
        return None
    # The library compares hashes, which crafted texts could make collide, so items become numbers.
    known: dict[Hashable, int] = {}
    one, other = (
        [known.setdefault(side[index], len(known)) for index in part] for side, part in ((before, old), (after, new))
    )
    return _join_blocks(
        [
            Block(True, range(start), range(start)),
            *(
                Block(op.tag == "equal", old[op.src_start : op.src_end], new[op.dest_start : op.dest_end])
                for op in Indel.opcodes(one, other)
            ),
            Block(True, range(old.stop, len(before)), range(new.stop, len(after))),
        ]
    )


def _coarse_diff(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Block]:
    """A diff with a single differing block, between the common start and the common end."""
    start, end = common_ends(before, after)
    old, new = len(before) - end, len(after) - end
    return _join_blocks(
        [
            Block(True, range(start), range(start)),
            Block(False, range(start, old), range(start, new)),
            Block(True, range(old, len(before)), range(new, len(after))),
        ]
    )


def common_ends(before: Sequence[Hashable], after: Sequence[Hashable]) -> tuple[int, int]:
    """Lengths of the common start and, in the rest, of the common end."""
    shorter = min(len(before), len(after))
    start = next((index for index in range(shorter) if before[index] != after[index]), shorter)
    rest = shorter - start
    end = next((index for index in range(rest) if before[-1 - index] != after[-1 - index]), rest)
    return start, end


def _join_blocks(parts: list[Block]) -> list[Block]:
    """Drop empty blocks, and merge neighbours of the same kind."""
    return list(_iter_joined(part for part in parts if part.before or part.after))


def _iter_joined(parts: Iterator[Block]) -> Iterator[Block]:
    present = next(parts, None)
    for part in parts:
        if present is not None and part.same == present.same:
            old, new = range(present.before.start, part.before.stop), range(present.after.start, part.after.stop)
            present = Block(part.same, old, new)
        elif present is not None:
            yield present
            present = part
    if present is not None:
        yield present
