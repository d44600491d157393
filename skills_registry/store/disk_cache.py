"""Files by digest in a directory that all processes of a machine share: bounded, and never believed unread."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)

FILL_AFTER_CLEANUP = 0.9
"""How full the cache is left when it had to make room; the rest is head start until the next time."""
CHECK_EVERY = 0.05
"""The part of the capacity that one process adds before it looks at the whole size again."""


class DiskCache:
    """Keeps about `capacity` bytes below `folder`, what was not read for longest goes first.

    No method fails, whatever the disk does (full, read-only, forbidden): then less is kept, and the log says so.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self._folder = folder
        self._capacity = capacity
        self._added = capacity
        self._works = True

    def get(self, sha256: str) -> bytes | None:
        """The bytes with this digest (lowercase hex), if they are here and still what they were."""
        path = self._path(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._log_once(error)
            return None
        whole = hashlib.sha256(content).hexdigest() == sha256
        try:
            if whole:
                os.utime(path)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # another process has made room
        except OSError as error:
            self._log_once(error)
        return content if whole else None

    def put(self, sha256: str, content: bytes) -> None:
        """Keep bytes; readers in other processes see them whole or not at all."""
        try:
            self._write(self._path(sha256), content)
            self._added += len(content)
            if self._added > self._capacity * CHECK_EVERY:
                self._added = 0
                self._make_room()
        except OSError as error:
            self._log_once(error)
        else:
            self._works = True

    def _log_once(self, error: OSError) -> None:
        """Log what is wrong, once until it works again."""
        if self._works:
            log.warning(
                "files cannot be kept in %s as they should, and are read from the store: %s", self._folder, error
            )
        self._works = False

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        """Remove the files not read for longest; that another process does the same meanwhile is harmless."""
        found = []
        for path in self._folder.glob("*/*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime, status.st_size, path))
        size = sum(entry[1] for entry in found)
        if size <= self._capacity:
            return
        for _, freed, path in sorted(found):
            path.unlink(missing_ok=True)
            size -= freed
            if size <= self._capacity * FILL_AFTER_CLEANUP:
                return

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256
