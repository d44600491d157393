"""A bounded cache of files by digest, in a directory that all processes of a machine share."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)

FILL_AFTER_CLEANUP = 0.9
"""Part of the capacity that stays filled after a cleanup."""
CHECK_EVERY = 0.05
"""Part of the capacity that one process adds before it checks the total size again."""


class DiskCache:
    """Keeps about `capacity` bytes in `folder`; evicts the least recently read files.

    No method raises an error if the disk fails (full, read-only, no permission): less is cached, and a warning
    is logged.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self._folder = folder
        self._capacity = capacity
        self._added = capacity
        self._works = True

    def get(self, sha256: str) -> bytes | None:
        """The bytes with this digest (lowercase hex), if they are cached and undamaged."""
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
        """Cache bytes; other processes see the whole file or none."""
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
        """Log an error, but only the first until the cache works again."""
        if self._works:
            log.warning("files cannot be cached in %s and are read from the store: %s", self._folder, error)
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
        """Remove the least recently read files; another process may do the same at the same time."""
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
