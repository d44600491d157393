"""Compare one file on two sides: as lines, as pictures, or with the reason why neither is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.http import QueryDict

from skills_registry.bounded.pool import JobFailed
from skills_registry.compare.file_changes import FileChange
from skills_registry.compare.text_diff import TextDiff, View

from .comparison_source import Side
from .package_texts import diff_texts
from .raw_files import PICTURES

TEXT_MAX = 512 * 1024
"""Maximum size in bytes of a file that is compared without `large`."""

Kind = Literal["text", "picture", "binary", "large", "too large", "renamed", "permission"]


@dataclass(frozen=True)
class Options(View):
    """How to show a diff, from the query string; `large` compares files above TEXT_MAX, too."""

    large: bool = False

    @classmethod
    def of(cls, query: QueryDict, *, split: bool) -> Options:
        """Read the options from a query string; invalid values are ignored."""
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
    """A file that differs and how to show it; `diff` has the lines if `kind` is text."""

    change: FileChange
    kind: Kind
    options: Options
    before: str = ""
    after: str = ""
    """The URLs of the file before and after; "" if it does not exist there."""
    diff: TextDiff | None = None


def diff_file(change: FileChange, before: Side, after: Side, options: Options) -> FileDiff:
    """Read a file on both sides and compare it. Raises OSError if the store is unavailable."""
    addresses = (
        before.address(change.path_before) if change.path_before else "",
        after.address(change.path) if change.size_after is not None else "",
    )
    if change.change in ("renamed", "permission"):
        return FileDiff(change, change.change, options, *addresses)
    record = after.file(change.path) or before.file(change.path_before) or {}
    if record.get("media_type") in PICTURES - {"image/svg+xml"}:
        return FileDiff(change, "picture", options, *addresses)
    if max(change.size_before or 0, change.size_after or 0) > TEXT_MAX and not options.large:
        return FileDiff(change, "large", options, *addresses)
    old = before.content(change.path_before) if change.path_before else b""
    new = after.content(change.path) if change.size_after is not None else b""
    try:
        diff = diff_texts(old, new, options)
    except JobFailed:
        return FileDiff(change, "too large", options, *addresses)
    return FileDiff(change, "text" if diff else "binary", options, *addresses, diff)
