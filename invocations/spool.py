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
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from pathlib import Path

import orjson

from .events import InvocationEvent

log = logging.getLogger(__name__)

SEGMENT_BYTES = 512 * 1024
"""Room for more than a thousand events, and for the largest one many times."""
SEGMENTS_MAX = 500
"""Some 250 MB; only a store that is away for long makes as many."""
_FIELDS = [field.name for field in fields(InvocationEvent)]
_values = attrgetter(*_FIELDS)


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
    """The segments below one directory. `append` and `written` are called under the recorder's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current: Segment | None = None

    def append(self, event: InvocationEvent, *, left: bool = False) -> Segment:
        """Keep an event; with `left` it is for whoever takes over the segment. Raises OSError."""
        line = _line(event)
        segment = self._current
        if segment is None or segment.end + len(line) > SEGMENT_BYTES:
            segment = self._next()
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
        """The events of one segment that nobody holds, or none; it is removed when the block succeeds."""
        for path in sorted(self._folder.glob("*.jsonl")):
            descriptor = _lock(path)
            if descriptor is None:
                continue
            try:
                if events := _events(path):
                    yield events
                path.unlink()
            finally:
                os.close(descriptor)
            if events:
                return
        yield []

    def _next(self) -> Segment:
        """A new segment to fill, in the place of the one that was."""
        full, self._current = self._current, None
        if full is not None:
            self._end_if_done(full)
        self._current = self._begin()
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
        unlocked.rename(path)
        return Segment(path, descriptor, memory)

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


def _lock(path: Path) -> int | None:
    """The file, locked; None where another process holds it or has just removed it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists():
            return descriptor
    except BlockingIOError:
        pass  # its process lives
    os.close(descriptor)
    return None


def _line(event: InvocationEvent) -> bytes:
    return orjson.dumps(_values(event), option=orjson.OPT_APPEND_NEWLINE)


def _events(path: Path) -> list[InvocationEvent]:
    """A segment's events; the last line may be cut off, where its process was killed while writing it."""
    events = []
    for line in path.read_bytes().rstrip(b"\0").splitlines():
        try:
            values = dict(zip(_FIELDS, orjson.loads(line), strict=True))
            values["invoked_at"] = datetime.fromisoformat(values["invoked_at"])
            values["id"] = uuid.UUID(values["id"])
            events.append(InvocationEvent(**values))
        except ValueError:
            log.warning("%s holds a line that was not written to its end", path.name)
    return events
