"""The cache on disk: what comes out is what its digest says, and it stays within its size."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from skills_registry.store.disk_cache import DiskCache

from .support.threads import at_once


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


def read_only(*arguments: Any, **options: Any) -> Any:
    raise OSError(errno.EROFS, "Read-only file system")


@pytest.mark.parametrize("broken", ["os.utime", "tempfile.mkstemp", "pathlib.Path.unlink", "pathlib.Path.mkdir"])
def test_disk_that_can_only_be_read_costs_no_file(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = DiskCache(tmp_path, 10)
    cache.put(digest(b"kept"), b"kept")
    monkeypatch.setattr(broken, read_only)

    assert cache.get(digest(b"kept")) == b"kept"
    for content in (b"others that fill it", b"and more of them"):
        cache.put(digest(content), content)
    assert caplog.text.count("Read-only file system") <= 1


@pytest.mark.parametrize("what", ["the folder", "a folder in it", "the file"])
def test_what_is_something_else_than_it_should_be_costs_no_file(what: str, tmp_path: Path) -> None:
    sha256 = digest(b"text")
    place = {"the folder": tmp_path / "cache", "a folder in it": tmp_path / f"cache/{sha256[:2]}"}.get(what)
    if place:
        place.parent.mkdir(exist_ok=True)
        place.write_text("no folder")
    else:
        (tmp_path / f"cache/{sha256[:2]}/{sha256}").mkdir(parents=True)
    cache = DiskCache(tmp_path / "cache", 1000)

    assert cache.get(sha256) is None
    cache.put(sha256, b"text")
    assert cache.get(sha256) in (None, b"text")
