"""Files -> zip, the same bytes for the same files. Pure."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Collection, Iterable, Iterator
from typing import Any

_UNIX = 3
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a zip can hold; a real one would make equal packages differ."""


def write_zip(files: Iterable[tuple[str, bytes]], executables: Collection[str] = ()) -> bytes:
    """A zip of files by path, in the order given; `executables` are the paths of those that are programs."""
    return b"".join(stream_zip(files, executables))


def stream_zip(files: Iterable[tuple[str, bytes]], executables: Collection[str] = ()) -> Iterator[bytes]:
    """The same zip in pieces, one for each file and one for the end, so that none holds all of it."""
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
    """What was written and not taken yet; a stream that cannot be gone back in."""

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
