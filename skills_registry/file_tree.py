"""A package's files as the rows of a tree. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A folder, or a file with what is recorded of it; `depth` is 0 at the top."""

    name: str
    depth: int
    file: Mapping[str, Any] | None = None


def tree(files: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows in reading order: in each folder its files first, then its folders."""
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
