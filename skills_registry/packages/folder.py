"""Reads a skill from a folder, and finds skills in a tree of folders. Reads the disk; no Django."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .manifest_fields import SKILL_MD
from .package import Limits, Package, build_package
from .paths import check_path, is_junk, printable
from .problems import Report

ARCHIVE_SUFFIXES = (".zip", ".skill")


def read_folder(folder: Path, limits: Limits | None = None) -> Package:
    """Read a folder that holds one skill.

    Raises InvalidSkill with all problems, and OSError if a file cannot be read.
    """
    reading = _FolderReader(folder)
    reading.walk("")
    return build_package(
        reading.kept,
        reading.read,
        limits=limits or Limits(),
        report=reading.report,
        folder=folder.resolve().name,
        dropped=reading.dropped,
        executables=reading.executables,
    )


def find_skills(path: Path) -> Iterator[Path]:
    """Yield the skills at or below a path: zips, and folders with a SKILL.md (not searched further)."""
    if path.is_file():
        yield path
        return
    entries = sorted(path.iterdir())
    if any(entry.name.lower() == SKILL_MD.lower() for entry in entries):
        yield path
        return
    for entry in entries:
        if entry.is_symlink() or is_junk(f"{entry.name}/" if entry.is_dir() else entry.name):
            continue
        if entry.is_dir() or (entry.is_file() and entry.suffix.lower() in ARCHIVE_SUFFIXES):
            yield from find_skills(entry)


class _FolderReader:
    """Collects a folder's files and folders, and reports those that are rejected."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.report = Report()
        self.dropped: list[str] = []
        self.kept: dict[str, bool] = {}
        """Whether each path is readable; folders end in a slash."""
        self.executables: set[str] = set()

    def walk(self, below: str) -> None:
        """Collect everything in the folder `below` (relative to the root: "" or with a slash at the end)."""
        for entry in sorted(os.scandir(self.root / below), key=lambda entry: entry.name):
            path = f"{below}{entry.name}/" if entry.is_dir(follow_symlinks=False) else below + entry.name
            if not check_path(path, self.report):
                continue
            if is_junk(path):
                self.dropped.append(path)
                continue
            self.kept[path] = self.is_readable(path, entry)
            if path.endswith("/"):
                self.walk(path)
            elif entry.stat(follow_symlinks=False).st_mode & stat.S_IXUSR:
                self.executables.add(path)

    def read(self, path: str, limit: int) -> bytes | None:
        """Read a kept file, at most `limit` + 1 bytes; None if it was rejected."""
        if not self.kept[path]:
            return None
        with (self.root / path).open("rb") as stream:
            return stream.read(limit + 1)

    def is_readable(self, path: str, entry: os.DirEntry[str]) -> bool:
        shown = printable(path)
        if entry.is_symlink():
            self.report.error("entry-symlink", file=shown)
        elif not entry.is_dir() and not entry.is_file():
            self.report.error("entry-special", file=shown)
        else:
            return True
        return False
