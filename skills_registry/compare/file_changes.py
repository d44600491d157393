"""Compares the files of two versions. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Change = Literal["added", "removed", "changed", "renamed", "permission"]
File = Mapping[str, Any]


@dataclass(frozen=True)
class FileChange:
    """A file that differs; sizes are in bytes, None where the file does not exist.

    A `change` of `permission` means that the bytes are the same.
    `path_before` is the old path, "" for an added file.
    `executable` is the new execute permission, None if it did not change.
    """

    path: str
    change: Change
    size_before: int | None
    size_after: int | None
    path_before: str
    executable: bool | None = None


def compare_files(before: Iterable[File], after: Iterable[File]) -> list[FileChange]:
    """List the changes from `before` to `after`, by path; files are as in `PackageFile.as_dict`."""
    old = {file["path"]: file for file in before}
    new = {file["path"]: file for file in after}
    renamed = _find_renamed(
        [old[path] for path in sorted(old.keys() - new.keys())], [new[path] for path in sorted(new.keys() - old.keys())]
    )
    changes: list[FileChange] = []
    for path in sorted((old.keys() | new.keys()) - set(renamed.values())):
        one, other = old.get(renamed.get(path, path)), new.get(path)
        if one is None and other is not None:
            changes.append(FileChange(path, "added", None, other["size"], "", _changed_permission(None, other)))
        elif one is not None and other is None:
            changes.append(FileChange(path, "removed", one["size"], None, path))
        elif one is not None and other is not None and (change := _change(path, one, other)):
            changes.append(
                FileChange(path, change, one["size"], other["size"], one["path"], _changed_permission(one, other))
            )
    return changes


def _change(path: str, one: File, other: File) -> Change | None:
    if one["path"] != path:
        return "renamed"
    if one["sha256"] != other["sha256"]:
        return "changed"
    return None if _changed_permission(one, other) is None else "permission"


def _changed_permission(one: File | None, other: File) -> bool | None:
    """The new execute permission; None if it did not change, or a new file has none."""
    was, is_now = bool(one and one.get("executable")), bool(other.get("executable"))
    return None if was == is_now else is_now


def _find_renamed(gone: list[File], come: list[File]) -> dict[str, str]:
    """New path -> old path of files that moved with the same bytes; empty files do not count.

    Among files with the same bytes, those with the same name are matched first.
    """
    renamed: dict[str, str] = {}
    for key in (_content_and_name, _content):
        places: defaultdict[Any, list[str]] = defaultdict(list)
        for file in gone:
            if file["size"] and file["path"] not in renamed.values():
                places[key(file)].append(file["path"])
        for file in come:
            if file["path"] not in renamed and places[key(file)]:
                renamed[file["path"]] = places[key(file)].pop(0)
    return renamed


def _content(file: File) -> str:
    return str(file["sha256"])


def _content_and_name(file: File) -> tuple[str, str]:
    return _content(file), file["path"].rpartition("/")[2]
