"""One file before and after, as pages show it: lines, pictures, or in words why neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.http import QueryDict

from skills_registry.diff import FileChange
from skills_registry.diff_view import Page, diff_page, unified
from skills_registry.line_diff import LineDiff, diff_lines
from skills_registry.media_types import text_of

from .raw import PICTURES
from .sides import Side

TEXT_MAX = 512 * 1024
"""Bytes on either side up to which a file's lines are compared unasked."""

Kind = Literal["text", "picture", "binary", "large", "renamed"]


@dataclass(frozen=True)
class Options:
    """How the lines of a file are to be shown, by the address: see `diff_page`."""

    split: bool = False
    opened: tuple[int, ...] = ()
    everything: bool = False
    start: int = 0
    large: bool = False

    @classmethod
    def of(cls, query: QueryDict, *, split: bool) -> Options:
        """The options that an address asks for; what makes no sense is left out."""
        opened = tuple(int(value) for value in query.getlist("open") if value.isdecimal() and len(value) < 9)
        start = query.get("start", "")
        return cls(
            split=split,
            opened=opened,
            everything="all" in query.getlist("open"),
            start=int(start) if start.isdecimal() and len(start) < 9 else 0,
            large="large" in query,
        )


@dataclass(frozen=True)
class FileDiff:
    """A file that differs, and what there is to show of it; `part` are the lines, for `kind` text."""

    change: FileChange
    kind: Kind
    options: Options
    before: str = ""
    after: str = ""
    """Where the file can be had as it was and as it is; "" for nowhere."""
    diff: LineDiff | None = None
    part: Page = field(default_factory=lambda: Page(()))

    def rows(self) -> Iterable[Mapping[str, Any]]:
        """The parts of the page with their rows in the order of one column or two."""
        for part in self.part.parts:
            rows = part.rows if self.options.split else tuple(unified(part.rows))
            yield {"rows": rows, "folded": part.folded, "at": part.block.before.start}

    def ends(self) -> tuple[list[str], list[str]] | None:
        """The kinds of line ends before and after, where they are not the same."""
        if self.diff is None or not self.diff.before or not self.diff.after:
            return None
        before, after = ({line[len(line.rstrip("\r\n")) :] for line in side} - {""} for side in self._lines())
        return (sorted(before), sorted(after)) if before != after else None

    def _lines(self) -> tuple[list[str], list[str]]:
        return (self.diff.before, self.diff.after) if self.diff else ([], [])


def file_diff(change: FileChange, before: Side, after: Side, options: Options) -> FileDiff:
    """Read a file on both sides and compare it. Raises OSError where the store is away."""
    addresses = (
        before.address(change.path_before) if change.path_before else "",
        after.address(change.path) if change.size_after is not None else "",
    )
    if change.change == "renamed":
        return FileDiff(change, "renamed", options, *addresses)
    present = after.file(change.path) or before.file(change.path_before) or {}
    if present.get("media_type") in PICTURES - {"image/svg+xml"}:
        return FileDiff(change, "picture", options, *addresses)
    if max(change.size_before or 0, change.size_after or 0) > TEXT_MAX and not options.large:
        return FileDiff(change, "large", options, *addresses)
    old = text_of(before.content(change.path_before)) if change.path_before else ""
    new = text_of(after.content(change.path)) if change.size_after is not None else ""
    if old is None or new is None:
        return FileDiff(change, "binary", options, *addresses)
    diff = diff_lines(old, new)
    shown = diff_page(diff, opened=options.opened, everything=options.everything, start=options.start)
    return FileDiff(change, "text", options, *addresses, diff, shown)
