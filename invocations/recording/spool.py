"""Recorded calls on disk until they are in the store, so that a killed process loses none.

Each process appends to its own segment and holds a lock on it. When the process ends, the lock is
released and another process takes the segment over. Segments are small, so little is read twice,
and the store recognizes repeated calls by their ids.

A segment is a memory-mapped file: the kernel keeps its content when the process is killed, like
written data, and appending needs no system call, which matters because every answer waits for it.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import stat
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from invocations.events import InvocationEvent

from .set_aside import SetAside
from .spool_lines import HEADER, Rejected, decode_file, encode

log = logging.getLogger(__name__)

SEGMENT_BYTES = 512 * 1024
"""Room for more than a thousand typical events, and many times the largest."""
SEGMENTS_MAX = 500
"""About 250 MB; reached only in a long outage of the store."""
FILE_MAX = 64 * 1024 * 1024
"""Larger files, in bytes, are not read; segments are much smaller."""
RETRY_SECONDS = 1.0
"""Pause after a failed attempt to create a segment, because every call would wait for the next attempt."""
ABANDONED_AFTER = 3600.0
"""Age in seconds at which an unfinished segment is removed: its process died while creating it."""


@dataclass(eq=False, slots=True)
class Segment:
    """A file of events, padded with zeros.

    `waiting` counts events in memory that are not in the store yet; `left` says that some events are only here.
    """

    path: Path
    descriptor: int
    memory: mmap.mmap
    end: int = 0
    waiting: int = 0
    left: bool = False


class Spool:
    """The segments below one folder. Call `append`, `mark_written` and `close` under the recorder's lock."""

    def __init__(self, folder: Path) -> None:
        self.problem = ""
        """Why calls are currently not on disk; "" if they are."""
        self.set_aside = SetAside(folder / "rejected")
        self._folder = folder
        self._current: Segment | None = None
        self._retry_at = 0.0
        self._logged: set[str] = set()
        self._unremovable: set[str] = set()

    def append(self, event: InvocationEvent, *, left: bool = False) -> Segment:
        """Append an event; with `left`, only a later takeover of the segment writes it. Raises OSError."""
        line = encode(event)
        segment = self._current
        if segment is None or segment.end + len(line) > SEGMENT_BYTES:
            segment = self._start_segment(len(line))
        end = segment.end + len(line)
        segment.memory[segment.end : end] = line
        segment.end = end
        if left:
            segment.left = True
        else:
            segment.waiting += 1
        return segment

    def mark_written(self, segment: Segment, events: int) -> None:
        """Note that `events` events of a segment are in the store."""
        segment.waiting -= events
        self._release_if_done(segment)

    def close(self) -> None:
        """End the current segment: delete it if all its events are in the store, else leave it for a takeover."""
        segment, self._current = self._current, None
        if segment is not None:
            segment.left = segment.left or segment.waiting > 0
            segment.waiting = 0
            self._release_if_done(segment)

    @contextmanager
    def take_over_segment(self) -> Iterator[list[InvocationEvent]]:
        """Yield the events of one abandoned segment, or []; the segment is removed if the block succeeds.

        Invalid lines are set aside. A file that cannot be read, removed or locked is skipped.
        """
        for path in self._abandoned_files():
            with self._open_locked(path) as file:
                if file is None:
                    continue
                try:
                    found = decode_file(file)
                except OSError as error:
                    self._log_once(path, error)
                    continue
                if found.events:
                    yield found.events
                self._remove(path, found.rejected)
            if found.events:
                return
        yield []

    def _abandoned_files(self) -> Iterator[Path]:
        """Yield the segments to try; set aside what is not a regular file."""
        for path in sorted(self._folder.glob("*.new")):
            if _age(path) > ABANDONED_AFTER:
                path.unlink(missing_ok=True)
        for path in sorted(self._folder.glob("*.jsonl")):
            if path.name in self._unremovable:
                continue
            try:
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_size <= FILE_MAX:
                    yield path
                else:
                    self.set_aside.move(path)
            except FileNotFoundError:
                continue  # another process took it
            except OSError as error:
                self._log_once(path, error)

    @contextmanager
    def _open_locked(self, path: Path) -> Iterator[BinaryIO | None]:
        """Yield the file, locked; None if another process holds or removed it, or it cannot be opened."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            descriptor = -1
        except OSError as error:
            self._log_once(path, error)
            descriptor = -1
        if descriptor < 0:
            yield None
            return
        with os.fdopen(descriptor, "rb") as file:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = path.exists()
            except OSError:
                held = False  # its process is alive
            yield file if held else None

    def _remove(self, path: Path, rejected: Sequence[Rejected]) -> None:
        """Remove a file whose events are in the store; if that fails, remember not to read it again."""
        try:
            if rejected:
                self.set_aside.keep(path.name, rejected)
            path.unlink()
        except OSError as error:
            self._unremovable.add(path.name)
            self._log_once(path, error)

    def _log_once(self, path: Path, error: OSError) -> None:
        if path.name not in self._logged:
            self._logged.add(path.name)
            log.error("cannot take over %s, which may hold calls: %s", path, error)

    def _start_segment(self, room: int) -> Segment:
        """Replace the current segment with a new one."""
        if len(HEADER) + room > SEGMENT_BYTES:
            raise OSError(f"a call of {room} bytes does not fit into a segment")
        full, self._current = self._current, None
        if full is not None:
            self._release_if_done(full)
        if time.monotonic() < self._retry_at:
            raise OSError(self.problem)
        try:
            self._current = self._create_segment()
        except OSError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if not self.problem:
                log.exception("cannot keep calls on disk; they are in memory only")
            self.problem = str(error)
            raise
        self.problem = ""
        return self._current

    def _create_segment(self) -> Segment:
        self._folder.mkdir(parents=True, exist_ok=True)
        if len(list(self._folder.glob("*.jsonl"))) >= SEGMENTS_MAX:
            raise OSError(f"{self._folder} holds {SEGMENTS_MAX} segments already")
        path = self._folder / f"{uuid.uuid4()}.jsonl"
        unlocked = path.with_suffix(".new")
        descriptor = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _reserve(descriptor, SEGMENT_BYTES)
            memory = mmap.mmap(descriptor, SEGMENT_BYTES)
        except OSError:
            unlocked.unlink()
            os.close(descriptor)
            raise
        memory[: len(HEADER)] = HEADER
        unlocked.rename(path)
        return Segment(path, descriptor, memory, end=len(HEADER))

    def _release_if_done(self, segment: Segment) -> None:
        if segment.waiting or segment is self._current:
            return
        if not segment.left:
            segment.path.unlink(missing_ok=True)
        segment.memory.close()
        os.close(segment.descriptor)


def _reserve(descriptor: int, size: int) -> None:
    """Allocate disk space for an empty file. Raises OSError.

    A full disk must be noticed here: touching unallocated mapped memory would kill the process (SIGBUS).
    """
    if sys.platform != "darwin":
        os.posix_fallocate(descriptor, 0, size)
    else:  # macOS lacks posix_fallocate
        rest = memoryview(bytes(size))
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def _age(path: Path) -> float:
    """Return the seconds since a file was modified; 0 if it is gone."""
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0
