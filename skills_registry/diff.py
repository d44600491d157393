"""Two lists of files -> what changed between them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class FileChange:
    """One file that differs: sizes in bytes before and after, None where the file was not there."""

    path: str
    change: Change
    size_before: int | None
    size_after: int | None


def compare(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> list[FileChange]:
    """What changed from `before` to `after`, by path; both as `PackageFile.as_dict` records files."""
    old = {file["path"]: file for file in before}
    new = {file["path"]: file for file in after}
    changes: list[FileChange] = []
    for path in sorted(old.keys() | new.keys()):
        one, other = old.get(path), new.get(path)
        if one is None and other is not None:
            changes.append(FileChange(path, "added", None, other["size"]))
        elif one is not None and other is None:
            changes.append(FileChange(path, "removed", one["size"], None))
        elif one is not None and other is not None and one["sha256"] != other["sha256"]:
            changes.append(FileChange(path, "changed", one["size"], other["size"]))
    return changes
