"""Three-way merge of texts, like `diff3`. Pure; bounded like diffs.

Lines that one side changed are taken from it. If both sides changed the same or adjacent lines differently,
that is a conflict, which a person resolves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .line_diff import Block, LineDiff, common_ends, diff_lines

Choice = Literal["mine", "theirs", "both"]


@dataclass(frozen=True)
class Region:
    """A piece of the merged text; `line` is its line number in theirs.

    Without a conflict, `mine` and `theirs` are the same merged text.
    """

    mine: str
    theirs: str
    line: int
    conflict: bool = False

    def text(self, choice: Choice) -> str:
        """The text with the conflict resolved; `both` is theirs followed by mine."""
        if choice == "both" and self.conflict:
            return _end_line(self.theirs) + self.mine if self.mine else self.theirs
        return self.mine if choice == "mine" else self.theirs


@dataclass(frozen=True)
class _SideChange:
    """Lines of the base that one side changed; ranges count from 0, and one of them may be empty."""

    base: range
    made: range
    is_mine: bool


def merge_texts(base: str, mine: str, theirs: str) -> list[Region]:
    """Merge two texts derived from `base`, into regions in order."""
    my_diff, their_diff = diff_lines(base, mine), diff_lines(base, theirs)
    changes = sorted(
        [*_changes(my_diff.blocks, is_mine=True), *_changes(their_diff.blocks, is_mine=False)],
        key=lambda change: (change.base.start, change.base.stop),
    )
    return list(_join_regions(_regions(my_diff, their_diff, changes)))


def merge_all(versions: list[tuple[str, str, str]]) -> list[list[Region]]:
    """Merge several files, each given as base, mine and theirs."""
    return [merge_texts(*texts) for texts in versions]


def merged_text(regions: Iterable[Region], choices: Sequence[Choice] = ()) -> str:
    """The merged text, with one choice for each conflict in order; `theirs` if choices are missing."""
    left = iter(choices)
    return "".join(region.text(next(left, "theirs") if region.conflict else "theirs") for region in regions)


def _changes(blocks: Iterable[Block], *, is_mine: bool) -> Iterator[_SideChange]:
    return (_SideChange(block.before, block.after, is_mine) for block in blocks if not block.same)


def _regions(my_diff: LineDiff, their_diff: LineDiff, changes: list[_SideChange]) -> Iterator[Region]:
    """Regions between changes, and regions of each run of touching changes."""
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
    """Group changes that overlap or touch."""
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
    """Merge a run of changed lines; common lines at both ends are not part of a conflict."""
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
    """Drop empty regions, and merge neighbours without conflict."""
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
    """The text with a line end after its last line, so that more can follow."""
    return text if not text or text.endswith(("\n", "\r")) else f"{text}\n"
