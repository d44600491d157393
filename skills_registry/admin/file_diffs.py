"""One file before and after, as pages show it: lines, pictures, or in words why neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.http import QueryDict

from skills_registry.bounded.pool import NotDone
from skills_registry.compare.file_changes import FileChange
from skills_registry.compare.text_diff import TextDiff, View

from .comparison_source import Side
from .package_texts import diff_texts
from .raw_files import PICTURES

TEXT_MAX = 512 * 1024
"""Bytes on either side up to which a file's lines are compared unasked."""

Kind = Literal["text", "picture", "binary", "large", "too large", "renamed", "permission"]


@dataclass(frozen=True)
class Options(View):
    """How the lines of a file are to be shown, by the address; `large`: also where there are very many."""

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
    """A file that differs, and what there is to show of it; `diff` are the lines, for `kind` text."""

    change: FileChange
    kind: Kind
    options: Options
    before: str = ""
    after: str = ""
    """Where the file can be had as it was and as it is; "" for nowhere."""
    diff: TextDiff | None = None


def diff_file(change: FileChange, before: Side, after: Side, options: Options) -> FileDiff:
    """Read a file on both sides and compare it. Raises OSError where the store is away."""
    addresses = (
        before.address(change.path_before) if change.path_before else "",
        after.address(change.path) if change.size_after is not None else "",
    )
    if change.change in ("renamed", "permission"):
        return FileDiff(change, change.change, options, *addresses)
    present = after.file(change.path) or before.file(change.path_before) or {}
    if present.get("media_type") in PICTURES - {"image/svg+xml"}:
        return FileDiff(change, "picture", options, *addresses)
    if max(change.size_before or 0, change.size_after or 0) > TEXT_MAX and not options.large:
        return FileDiff(change, "large", options, *addresses)
    old = before.content(change.path_before) if change.path_before else b""
    new = after.content(change.path) if change.size_after is not None else b""
    try:
        diff = diff_texts(old, new, options)
    except NotDone:
        return FileDiff(change, "too large", options, *addresses)
    return FileDiff(change, "text" if diff else "binary", options, *addresses, diff)
