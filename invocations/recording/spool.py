"""Recorded calls on disk, between the answer and the store: what a killed process had not written is found again.

A process appends to a segment of its own, which it holds locked; when the process is gone the lock
is too, and whoever finds the segment takes over. Segments are small, so little is ever read twice,
and what is read twice the store recognises by its id.

A segment is memory that is mapped to a file: what was put there the system keeps when the process is
killed, as it does what was written, and each answer waits for it, which is why it is no system call.
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
"""Room for more than a thousand events, and for the largest one many times."""
SEGMENTS_MAX = 500
"""Some 250 MB; only a store that is away for long makes as many."""
FILE_MAX = 64 * 1024 * 1024
"""Bytes of a file that is looked into at all; segments have much less."""
RETRY_SECONDS = 1.0
"""How long nothing is tried after a segment could not be made: each call would wait for that."""
ABANDONED_AFTER = 3600.0
"""Seconds after which a segment that was never begun is removed: its process ended while it made it."""


@dataclass(eq=False, slots=True)
class Segment:
    """A file of events, zeros after the last; `waiting` counts those not in the store yet, `left` says that some are
    only here."""

    path: Path
    descriptor: int
    memory: mmap.mmap
    end: int = 0
    waiting: int = 0
    left: bool = False


class Spool:
    """The segments below one directory. `append`, `written` and `close` are called under the recorder's lock."""

    def __init__(self, folder: Path) -> None:
        self.problem = ""
        """Why calls are not on disk at the moment; "" where they are."""
        self.set_aside = SetAside(folder / "rejected")
        self._folder = folder
        self._current: Segment | None = None
        self._retry_at = 0.0
        self._told: set[str] = set()
        self._done: set[str] = set()

    def append(self, event: InvocationEvent, *, left: bool = False) -> Segment:
        """Keep an event; with `left` it is for whoever takes over the segment. Raises OSError."""
        line = encode(event)
        segment = self._current
        if segment is None or segment.end + len(line) > SEGMENT_BYTES:
            segment = self._next(len(line))
        end = segment.end + len(line)
        segment.memory[segment.end : end] = line
        segment.end = end
        if left:
            segment.left = True
        else:
            segment.waiting += 1
        return segment

    def written(self, segment: Segment, events: int) -> None:
        """So many events of a segment are in the store."""
        segment.waiting -= events
        self._end_if_done(segment)

    def close(self) -> None:
        """End the current segment: gone where nothing in it is needed any more, otherwise left to be taken over."""
        segment, self._current = self._current, None
        if segment is not None:
            segment.left = segment.left or segment.waiting > 0
            segment.waiting = 0
            self._end_if_done(segment)

    @contextmanager
    def taken_over(self) -> Iterator[list[InvocationEvent]]:
        """The events of one segment that nobody holds, or none; it is removed when the block succeeds.

        What is not an event is set aside. A file that cannot be read, removed or locked keeps nobody from the others.
        """
        for path in self._abandoned():
            with self._opened(path) as file:
                if file is None:
                    continue
                try:
                    found = decode_file(file)
                except OSError as error:
                    self._tell(path, error)
                    continue
                if found.events:
                    yield found.events
                self._remove(path, found.rejected)
            if found.events:
                return
        yield []

    def _abandoned(self) -> Iterator[Path]:
        """The files that may be taken over; what is there and is no file is set aside."""
        for path in sorted(self._folder.glob("*.new")):
            if _age(path) > ABANDONED_AFTER:
                path.unlink(missing_ok=True)
        for path in sorted(self._folder.glob("*.jsonl")):
            if path.name in self._done:
                continue
            try:
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_size <= FILE_MAX:
                    yield path
                else:
                    self.set_aside.move(path)
            except FileNotFoundError:
                continue  # another process was faster
            except OSError as error:
                self._tell(path, error)

    @contextmanager
    def _opened(self, path: Path) -> Iterator[BinaryIO | None]:
        """The file, locked; None where another process holds it or has just removed it, or it cannot be opened."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            descriptor = -1
        except OSError as error:
            self._tell(path, error)
            descriptor = -1
        if descriptor < 0:
            yield None
            return
        with os.fdopen(descriptor, "rb") as file:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = path.exists()
            except OSError:
                held = False  # its process lives
            yield file if held else None

    def _remove(self, path: Path, rejected: Sequence[Rejected]) -> None:
        """A file whose events are in the store; what cannot be removed is not taken again."""
        try:
            if rejected:
                self.set_aside.keep(path.name, rejected)
            path.unlink()
        except OSError as error:
            self._done.add(path.name)
            self._tell(path, error)

    def _tell(self, path: Path, error: OSError) -> None:
        if path.name not in self._told:
            self._told.add(path.name)
            log.error("%s, which may hold calls, cannot be taken over: %s", path, error)

    def _next(self, room: int) -> Segment:
        """A new segment to fill, in the place of the one that was."""
        if len(HEADER) + room > SEGMENT_BYTES:
            raise OSError(f"a call of {room} bytes does not fit into a segment")
        full, self._current = self._current, None
        if full is not None:
            self._end_if_done(full)
        if time.monotonic() < self._retry_at:
            raise OSError(self.problem)
        try:
            self._current = self._begin()
        except OSError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if not self.problem:
                log.exception("calls cannot be kept on disk, and are in memory alone")
            self.problem = str(error)
            raise
        self.problem = ""
        return self._current

    def _begin(self) -> Segment:
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

    def _end_if_done(self, segment: Segment) -> None:
        if segment.waiting or segment is self._current:
            return
        if not segment.left:
            segment.path.unlink(missing_ok=True)
        segment.memory.close()
        os.close(segment.descriptor)


def _reserve(descriptor: int, size: int) -> None:
    """Make an empty file so long, its room taken from the disk: that one is full must be noticed here and not when
    memory is touched, which would end the process (SIGBUS). Raises OSError."""
    if sys.platform != "darwin":
        os.posix_fallocate(descriptor, 0, size)
    else:  # which lacks the call
        rest = memoryview(bytes(size))
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def _age(path: Path) -> float:
    """Seconds since a file was changed; none for one that is gone."""
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0
