"""Files -> zip, the same bytes for the same files. Pure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a zip can hold; a real one would make equal packages differ."""


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of files by path, in the order given."""
    return b"".join(packed(files))


def packed(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The same zip in pieces, one for each file and one for the end, so that none holds all of it."""
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files:
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            yield pieces.taken()
    yield pieces.taken()


class _Pieces(io.RawIOBase):
    """What was written and not taken yet; a stream that cannot be gone back in."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._written.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken
