"""Writes zips reproducibly: equal files make equal bytes. Pure."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Collection, Iterable, Iterator
from typing import Any

_UNIX = 3
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every entry, the oldest that a zip can hold: real dates would make equal packages differ."""


def write_zip(files: Iterable[tuple[str, bytes]], executables: Collection[str] = ()) -> bytes:
    """Zip the files (path, bytes) in the given order; `executables` are the paths of executable files."""
    return b"".join(stream_zip(files, executables))


def stream_zip(files: Iterable[tuple[str, bytes]], executables: Collection[str] = ()) -> Iterator[bytes]:
    """Yield the same zip in pieces, one for each file and one for the end, to bound memory."""
    pieces = _PieceBuffer()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files:
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = (stat.S_IFREG | (0o755 if path in executables else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            yield pieces.take()
    yield pieces.take()


class _PieceBuffer(io.RawIOBase):
    """A write-only, unseekable stream that hands out what was written since the last time."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken
