"""Bytes of files by digest, in memory, verified when they come in, least recently used out first."""

from __future__ import annotations

import hashlib
from collections import OrderedDict


class DigestMismatch(Exception):
    """The store returned other bytes than were put there."""


class FileCache:
    """Keeps at most `capacity` bytes; a file larger than that is verified but not kept."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._files: OrderedDict[str, bytes] = OrderedDict()

    def get(self, sha256: str) -> bytes | None:
        """The bytes with this digest (lowercase hex), if they are here."""
        content = self._files.get(sha256)
        if content is not None:
            self._files.move_to_end(sha256)
        return content

    def put(self, sha256: str, content: bytes) -> None:
        """Keep bytes. Raises DigestMismatch where they are not those of the digest."""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DigestMismatch(f"stored bytes do not have the digest {sha256}")
        if sha256 in self._files or len(content) > self._capacity:
            return
        self._files[sha256] = content
        self._size += len(content)
        while self._size > self._capacity:
            _, oldest = self._files.popitem(last=False)
            self._size -= len(oldest)
