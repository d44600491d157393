"""An in-memory LRU cache of file contents by digest."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T", bytes, str)


class FileCache(Generic[T]):
    """Holds at most `capacity` bytes (for str: characters), and no item larger than that.

    Digests are not verified.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._files: OrderedDict[str, T] = OrderedDict()

    def get(self, sha256: str) -> T | None:
        """Return the content with this digest (lowercase hex), if cached."""
        content = self._files.get(sha256)
        if content is not None:
            self._files.move_to_end(sha256)
        return content

    def put(self, sha256: str, content: T) -> None:
        """Cache the content with this digest."""
        if sha256 in self._files or len(content) > self._capacity:
            return
        self._files[sha256] = content
        self._size += len(content)
        while self._size > self._capacity:
            _, oldest = self._files.popitem(last=False)
            self._size -= len(oldest)
