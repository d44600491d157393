"""The cache on disk: what comes out is what its digest says, and it stays within its size."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from skills_registry.disk_cache import DiskCache

from .threads import at_once


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_was_put_is_found_by_another_process(tmp_path: Path) -> None:
    DiskCache(tmp_path, 1000).put(digest(b"text"), b"text")
    assert DiskCache(tmp_path, 1000).get(digest(b"text")) == b"text"
    assert DiskCache(tmp_path, 1000).get(digest(b"other")) is None


def test_damaged_file_is_dropped_and_not_returned(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1000)
    cache.put(digest(b"text"), b"text")
    [path] = tmp_path.glob("*/*")
    path.write_bytes(b"tex")
    assert cache.get(digest(b"text")) is None
    assert not path.exists()


def test_least_recently_read_goes_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 100)
    contents = [bytes([number]) * 30 for number in range(4)]
    for age, content in enumerate(contents[:3]):
        cache.put(digest(content), content)
        os.utime(next(tmp_path.glob(f"*/{digest(content)}")), (1000 + age, 1000 + age))
    assert cache.get(digest(contents[0])) == contents[0]
    cache.put(digest(contents[3]), contents[3])
    kept = [cache.get(digest(content)) is not None for content in contents]
    assert kept == [True, False, True, True]


def test_size_stays_bounded_with_many_writers(tmp_path: Path) -> None:
    def fill(number: int) -> None:
        cache = DiskCache(tmp_path, 10_000)
        for step in range(50):
            content = f"{number}-{step}".encode() * 50
            cache.put(digest(content), content)
            assert cache.get(digest(content)) in (content, None)

    at_once(fill, range(4))
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*")) <= 10_000 * 1.25
    assert not [path for path in tmp_path.iterdir() if path.is_file()], "no temporary file is left"
