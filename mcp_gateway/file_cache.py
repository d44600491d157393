"""What files hold, by digest, in memory, least recently used out first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T", bytes, str)


class FileCache(Generic[T]):
    """Keeps at most `capacity` bytes, or characters of texts made of them; what is larger than that is not kept.

    The caller vouches for the digests.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._files: OrderedDict[str, T] = OrderedDict()

    def get(self, sha256: str) -> T | None:
        """What the file with this digest (lowercase hex) holds, if it is here."""
        content = self._files.get(sha256)
        if content is not None:
            self._files.move_to_end(sha256)
        return content

    def put(self, sha256: str, content: T) -> None:
        """Keep what the file with this digest holds."""
        if sha256 in self._files or len(content) > self._capacity:
            return
        self._files[sha256] = content
        self._size += len(content)
        while self._size > self._capacity:
            _, oldest = self._files.popitem(last=False)
            self._size -= len(oldest)
