"""A package's files as a tree. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OPEN_MAX = 30
"""Most files of a package whose folders are all open."""


@dataclass(frozen=True)
class Row:
    """A folder or a file in the tree; `depth` is 0 at the top."""

    name: str
    depth: int
    file: Mapping[str, Any] | None = None


@dataclass
class Folder:
    """A folder and its contents; `open` if the current file is below it."""

    name: str = ""
    open: bool = True
    folders: dict[str, Folder] = field(default_factory=dict)
    files: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def sorted_folders(self) -> list[Folder]:
        """Direct subfolders by name."""
        return [self.folders[name] for name in sorted(self.folders)]

    @property
    def named_files(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Direct files and their names, by name."""
        named = [(file["path"].rpartition("/")[2], file) for file in self.files]
        return sorted(named, key=lambda item: item[0])


def build_folder(files: Sequence[Mapping[str, Any]], looked_at: str) -> Folder:
    """The root folder; folders without the current file are closed, unless there are few files."""
    top, few = Folder(), len(files) <= OPEN_MAX
    for file in files:
        place, way = top, ""
        for name in file["path"].split("/")[:-1]:
            way += f"{name}/"
            place = place.folders.setdefault(name, Folder(name, few or looked_at.startswith(way)))
        place.files.append(file)
    return top


def tree_rows(files: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows in reading order: in each folder, files before folders."""
    root: dict[str, Any] = {}
    for file in files:
        *folders, name = file["path"].split("/")
        place = root
        for folder in folders:
            place = place.setdefault(f"{folder}/", {})
        place[name] = file
    return list(_rows(root, 0))


def _rows(place: dict[str, Any], depth: int) -> Iterator[Row]:
    for name in sorted(place, key=lambda name: (name.endswith("/"), name)):
        if name.endswith("/"):
            yield Row(name, depth)
            yield from _rows(place[name], depth + 1)
        else:
            yield Row(name, depth, place[name])
