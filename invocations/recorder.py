"""record() takes a call in microseconds; a thread writes what was recorded in batches.

`record` never waits and never raises. Each event is on disk (`spool`) before `record` returns, so a
killed process loses none: the next one takes over what it left. What does not fit into memory while
the store is away stays on disk too; only when that is full are events dropped, counted and logged.
`close` writes everything that is left; it is called from the ASGI lifespan (uvicorn) and at exit
(daphne, which has no lifespan).
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

from .events import InvocationEvent
from .spool import Segment, Spool
from .stores import get_store

log = logging.getLogger(__name__)

BATCH_SIZE = 1_000
"""Many in one transaction cost each of them much less; without load a batch is what came at once."""
LINGER_SECONDS = 0.1
"""How long a batch waits for company; also the delay before a call shows in the log."""
RETRY_SECONDS = (0.2, 1.0, 5.0)
"""Waits between tries while the store is away; the last one repeats."""
TAKE_OVER_SECONDS = 10.0
"""How often a process looks for what others, or its own overflow, left in the spool."""


class _Ending(Exception):
    """The process is to end before the store has answered."""


class Recorder:
    """One hand-over and one writer thread a process."""

    def __init__(
        self,
        write: Callable[[Sequence[InvocationEvent]], None],
        *,
        spool: Spool | None = None,
        capacity: int = 10_000,
        drain_seconds: float = 10.0,
    ) -> None:
        self.dropped = 0
        self._write = write
        self._spool = spool
        self._capacity = capacity
        self._drain_seconds = drain_seconds
        self._queue: deque[tuple[InvocationEvent, Segment | None]] = deque()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None
        self._unwritten = 0

    def start(self) -> None:
        """Start the writer, which first takes over what earlier processes left; may be called again."""
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._deadline = None
                self._thread = threading.Thread(target=self._run, name="invocation-recorder", daemon=True)
                self._thread.start()

    def record(self, event: InvocationEvent) -> None:
        """Take an event; returns at once, whatever the store does."""
        with self._lock:
            full = self._unwritten >= self._capacity
            segment = self._spooled(event, left=full)
            if not full:
                self._queue.append((event, segment))
                self._unwritten += 1
            elif segment is None:
                self._drop(event)
            if len(self._queue) % BATCH_SIZE <= 1:
                self._changed.notify_all()
                self.start()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything recorded so far is written; False if that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unwritten == 0, timeout)

    def close(self) -> None:
        """Write what is left, for at most the drain time, and stop the thread; may be called twice."""
        with self._changed:
            thread = self._thread
            self._deadline = time.monotonic() + self._drain_seconds
            self._changed.notify_all()
        if thread is not None:
            thread.join(self._drain_seconds + 1)
        with self._changed:
            if self._spool is not None:
                self._spool.close()
            if self._unwritten:
                log.error("stopped with %d calls not in the log yet", self._unwritten)

    def _spooled(self, event: InvocationEvent, *, left: bool) -> Segment | None:
        """Keep an event on disk; without one, or where that fails, it is in memory alone."""
        if self._spool is None:
            return None
        try:
            return self._spool.append(event, left=left)
        except (OSError, TypeError):
            log.exception("a call could not be spooled")
            return None

    def _drop(self, event: InvocationEvent) -> None:
        self.dropped += 1
        if self.dropped == 1 or self.dropped % 1000 == 0:
            log.error("%d calls not recorded so far, the last one of %s", self.dropped, event.skill)

    def _run(self) -> None:
        look_again = 0.0
        try:
            while True:
                if self._spool is not None and time.monotonic() >= look_again:
                    try:
                        self._take_over(self._spool)
                    except OSError:
                        log.exception("what others left in the spool cannot be read")
                    look_again = time.monotonic() + TAKE_OVER_SECONDS
                batch = self._next_batch()
                if batch is None:
                    return
                if batch and self._deliver([event for event, _ in batch]):
                    self._note_written(batch)
        except _Ending:
            return
        finally:
            connections.close_all()

    def _next_batch(self) -> list[tuple[InvocationEvent, Segment | None]] | None:
        """Up to BATCH_SIZE events, once there are that many or the oldest has waited; None to stop.

        Empty where nothing came for as long as the spool may go unwatched.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._deadline is not None, TAKE_OVER_SECONDS)
            if self._queue:
                self._changed.wait_for(
                    lambda: len(self._queue) >= BATCH_SIZE or self._deadline is not None, LINGER_SECONDS
                )
            elif self._deadline is not None:
                self._thread = None
                return None
            elif self._spool is not None:
                self._spool.close()  # so that what overflowed into it can be taken over
            return [self._queue.popleft() for _ in range(min(BATCH_SIZE, len(self._queue)))]

    def _note_written(self, batch: Sequence[tuple[InvocationEvent, Segment | None]]) -> None:
        with self._changed:
            for segment, events in Counter(segment for _, segment in batch).items():
                if segment is not None and self._spool is not None:
                    self._spool.written(segment, events)
            self._unwritten -= len(batch)
            self._changed.notify_all()

    def _take_over(self, spool: Spool) -> None:
        """Write what others left, until nothing is left or this process is to end."""
        while True:
            with spool.taken_over() as events:
                if not events:
                    return
                log.info("%d calls found that an earlier process may not have recorded", len(events))
                for start in range(0, len(events), BATCH_SIZE):
                    if not self._deliver(events[start : start + BATCH_SIZE]):
                        raise _Ending

    def _deliver(self, batch: Sequence[InvocationEvent]) -> bool:
        """Write a batch; False if the process ends before that is possible."""
        try:
            return self._write_with_retries(batch)
        except Exception:  # the thread must live on, whatever one event may hold
            if len(batch) > 1:
                half = len(batch) // 2
                return self._deliver(batch[:half]) and self._deliver(batch[half:])
            log.exception("a call could not be recorded: %r", batch[0])
            self._drop(batch[0])
            return True

    def _write_with_retries(self, batch: Sequence[InvocationEvent]) -> bool:
        attempt = 0
        while True:
            try:
                self._write(batch)
            except (OperationalError, InterfaceError, OSError):
                log.exception("%d calls could not be recorded yet; trying again", len(batch))
                for connection in connections.all(initialized_only=True):
                    connection.close_if_unusable_or_obsolete()
            else:
                return True
            wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
            attempt += 1
            with self._changed:
                if self._deadline is not None and time.monotonic() + wait > self._deadline:
                    return False
                self._changed.wait_for(lambda: self._deadline is not None, wait)


recorder = Recorder(lambda batch: get_store().write_batch(batch), spool=Spool(settings.SPOOL_DIR))
atexit.register(recorder.close)


def record(event: InvocationEvent) -> None:
    """Record a call with this process's recorder."""
    recorder.record(event)
