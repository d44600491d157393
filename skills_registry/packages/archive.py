"""Zip -> Package, or InvalidSkill with everything wrong with its entries. Pure.

Nothing that a zip declares is trusted: sizes are measured while unpacking (`zip_directory`), and
anything but a regular file is rejected.
"""

from __future__ import annotations

import stat

from .package import Limits, Package, build_package
from .paths import check_path, drop_dot_segments, is_junk, printable
from .problems import Params, Report
from .zip_directory import DEFLATED, ENCRYPTED_FLAGS, PATCH_FLAG, STORED, DamagedEntry, Entry, read_directory, unpack
from .zip_end import invalid_zip
from .zip_names import read_names

_ENTRIES_PER_FILE = 8
"""Entries allowed per allowed file, to leave room for folders and junk."""
_DOS_FOLDER = 0x10
_METHODS = {1: "shrink", 6: "implode", 9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz", 98: "ppmd"}


def read_archive(data: bytes, limits: Limits | None = None) -> Package:
    """Read a zip that holds one skill. Raises InvalidSkill with all problems."""
    limits = limits or Limits()
    if len(data) > limits.archive_bytes:
        raise invalid_zip("archive-too-large", {"size": len(data), "limit": limits.archive_bytes})
    reading = _ArchiveReader(data)
    for entry in read_names(read_directory(data, limits.files * _ENTRIES_PER_FILE), reading.report):
        reading.take(entry)
    return build_package(
        reading.kept,
        reading.read,
        limits=limits,
        report=reading.report,
        dropped=reading.dropped,
        executables={path for path, entry in reading.kept.items() if entry and _is_executable(entry)},
    )


class _ArchiveReader:
    """Collects a zip's usable entries and reports the others."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.report = Report()
        self.dropped: list[str] = []
        self.kept: dict[str, Entry | None] = {}
        """Entry by path; folders end in a slash. None if the entry was reported as unreadable."""

    def take(self, entry: Entry) -> None:
        """Keep or drop an entry, and report its problems."""
        if not check_path(entry.name, self.report):
            return
        path = drop_dot_segments(entry.name)
        if path and _is_folder(entry):
            path = path.removesuffix("/") + "/"
        if entry.disagreement:
            self.error("entry-headers-differ", path, {"case": entry.disagreement})
        elif is_junk(path):
            self.dropped.append(path)
        elif path in self.kept and not path.endswith("/"):
            self.error("entry-duplicate", path)
        elif path:
            self.kept[path] = entry if self.is_readable(path, entry) else None

    def read(self, path: str, limit: int) -> bytes | None:
        """Unpack a kept entry, at most `limit` + 1 bytes; None if it cannot be read."""
        entry = self.kept[path]
        try:
            return None if entry is None else unpack(self.data, entry, limit)
        except DamagedEntry as error:
            self.error("entry-damaged", path, error.params)
            return None

    def is_readable(self, path: str, entry: Entry) -> bool:
        kind = stat.S_IFMT(entry.attributes >> 16)
        if stat.S_ISLNK(kind):
            self.error("entry-symlink", path)
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            self.error("entry-special", path)
        elif entry.header.flags & ENCRYPTED_FLAGS:
            self.error("entry-encrypted", path)
        elif entry.header.method not in (STORED, DEFLATED):
            self.error("entry-compression", path, _method_params(entry.header.method))
        elif entry.header.flags & PATCH_FLAG:
            self.error("entry-compression", path, {"case": "patch"})
        elif path.endswith("/") and not self.is_empty(entry):
            self.error("entry-folder-with-content", path)
        else:
            return True
        return False

    def is_empty(self, entry: Entry) -> bool:
        try:
            return not unpack(self.data, entry, 0)
        except DamagedEntry:
            return False

    def error(self, code: str, path: str, params: Params | None = None) -> None:
        self.report.error(code, params, file=printable(path))


def _method_params(method: int) -> Params:
    return {"method": _METHODS[method]} if method in _METHODS else {"case": "unknown", "number": method}


def _is_executable(entry: Entry) -> bool:
    """Whether the owner's execute bit is set; zips made on Windows have no mode."""
    return bool(entry.attributes >> 16 & stat.S_IXUSR)


def _is_folder(entry: Entry) -> bool:
    kind = stat.S_IFMT(entry.attributes >> 16)
    marked = kind == stat.S_IFDIR or (kind == 0 and bool(entry.attributes & _DOS_FOLDER))
    return marked or entry.name.endswith("/")
