"""Two texts that were made from one -> one text, and where they clash. Pure; bounded as diffs are.

This is the three-way merge of `diff3`: lines that only one of them changed are taken from there; where both
changed the same lines, or lines next to each other, in different ways, somebody has to choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .line_diff import Block, LineDiff, common_ends, diff_lines

Choice = Literal["mine", "theirs", "both"]


@dataclass(frozen=True)
class Region:
    """A piece of the merged text, or (`conflict`) a piece that both changed: how each has it, and the line in theirs.

    In a piece without conflict `mine` and `theirs` are the same, what it becomes.
    """

    mine: str
    theirs: str
    line: int
    conflict: bool = False

    def text(self, choice: Choice) -> str:
        """The piece with a conflict decided; `both` is theirs with mine after it."""
        if choice == "both" and self.conflict:
            return _end_line(self.theirs) + self.mine if self.mine else self.theirs
        return self.mine if choice == "mine" else self.theirs


@dataclass(frozen=True)
class _SideChange:
    """Lines of the base that one side has differently; ranges count from 0, one of them may be empty."""

    base: range
    made: range
    is_mine: bool


def merge_texts(base: str, mine: str, theirs: str) -> list[Region]:
    """The pieces of the merged text in order."""
    my_diff, their_diff = diff_lines(base, mine), diff_lines(base, theirs)
    changes = sorted(
        [*_changes(my_diff.blocks, is_mine=True), *_changes(their_diff.blocks, is_mine=False)],
        key=lambda change: (change.base.start, change.base.stop),
    )
    return list(_join_regions(_regions(my_diff, their_diff, changes)))


def merge_all(versions: list[tuple[str, str, str]]) -> list[list[Region]]:
    """`merge_texts` of several files, each as base, mine and theirs."""
    return [merge_texts(*texts) for texts in versions]


def merged_text(regions: Iterable[Region], choices: Sequence[Choice] = ()) -> str:
    """The merged text with its conflicts decided in their order; by `theirs` where no choice is given."""
    left = iter(choices)
    return "".join(region.text(next(left, "theirs") if region.conflict else "theirs") for region in regions)


def _changes(blocks: Iterable[Block], *, is_mine: bool) -> Iterator[_SideChange]:
    return (_SideChange(block.before, block.after, is_mine) for block in blocks if not block.same)


def _regions(my_diff: LineDiff, their_diff: LineDiff, changes: list[_SideChange]) -> Iterator[Region]:
    """What lies between the changes, and each run of changes that touch."""
    at = my_shift = their_shift = 0
    for run in _runs(changes):
        start, stop = run[0].base.start, max(change.base.stop for change in run)
        yield _settled(their_diff.after[at + their_shift : start + their_shift], at + their_shift)
        mine_from, theirs_from = start + my_shift, start + their_shift
        my_shift += _growth(change for change in run if change.is_mine)
        their_shift += _growth(change for change in run if not change.is_mine)
        mine, theirs = my_diff.after[mine_from : stop + my_shift], their_diff.after[theirs_from : stop + their_shift]
        yield from _merge_run(my_diff.before[start:stop], mine, theirs, theirs_from)
        at = stop
    yield _settled(their_diff.after[at + their_shift :], at + their_shift)


def _runs(changes: list[_SideChange]) -> Iterator[list[_SideChange]]:
    """The changes, those together that share a line or meet at one."""
    run: list[_SideChange] = []
    stop = 0
    for change in changes:
        if run and change.base.start > stop:
            yield run
            run = []
        stop = max(stop, change.base.stop) if run else change.base.stop
        run.append(change)
    if run:
        yield run


def _growth(changes: Iterable[_SideChange]) -> int:
    return sum(len(change.made) - len(change.base) for change in changes)


def _merge_run(base: list[str], mine: list[str], theirs: list[str], start: int) -> Iterator[Region]:
    """What becomes of lines that somebody changed; where both did, what they have in common is settled."""
    if mine in (base, theirs):
        yield _settled(theirs, start)
    elif theirs == base:
        yield _settled(mine, start)
    else:
        head, tail = common_ends(mine, theirs)
        yield _settled(theirs[:head], start)
        mine_apart, theirs_apart = mine[head : len(mine) - tail], theirs[head : len(theirs) - tail]
        yield Region("".join(mine_apart), "".join(theirs_apart), start + head + 1, conflict=True)
        yield _settled(theirs[len(theirs) - tail :], start + len(theirs) - tail)


def _settled(lines: list[str], start: int) -> Region:
    text = "".join(lines)
    return Region(text, text, start + 1)


def _join_regions(regions: Iterable[Region]) -> Iterator[Region]:
    """The regions without empty ones, settled neighbours made one."""
    present: Region | None = None
    for region in regions:
        if not (region.mine or region.theirs):
            continue
        if present and not present.conflict and not region.conflict:
            text = present.theirs + region.theirs
            present = Region(text, text, present.line)
            continue
        if present:
            yield present
        present = region
    if present:
        yield present


def _end_line(text: str) -> str:
    """The text with an end of its last line, for another one to follow."""
    return text if not text or text.endswith(("\n", "\r")) else f"{text}\n"
