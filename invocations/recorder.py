"""record() takes a call in microseconds; a thread writes what was recorded in batches.

`record` never waits and never raises. The hand-over is bounded: where the store is away for so long
that it is full, new events are dropped, counted and logged. `close` writes everything that is left;
it is called from the ASGI lifespan (uvicorn) and at exit (daphne, which has no lifespan).
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from django.db import InterfaceError, OperationalError, connections

from .events import InvocationEvent
from .store import write_batch

log = logging.getLogger(__name__)

BATCH_SIZE = 100
LINGER_SECONDS = 0.1
"""How long a batch waits for company; also the delay before a call shows in the log."""
RETRY_SECONDS = (0.2, 1.0, 5.0)
"""Waits between tries while the store is away; the last one repeats."""


class Recorder:
    """One hand-over and one writer thread a process; the thread starts with the first event."""

    def __init__(
        self,
        write: Callable[[Sequence[InvocationEvent]], None] = write_batch,
        *,
        capacity: int = 10_000,
        drain_seconds: float = 10.0,
    ) -> None:
        self.dropped = 0
        self._write = write
        self._capacity = capacity
        self._drain_seconds = drain_seconds
        self._queue: deque[InvocationEvent] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None
        self._unwritten = 0

    def record(self, event: InvocationEvent) -> None:
        """Take an event; returns at once, whatever the store does."""
        with self._changed:
            if self._unwritten >= self._capacity:
                self.dropped += 1
                if self.dropped == 1 or self.dropped % 1000 == 0:
                    log.error("the invocation log cannot keep up: %d calls not recorded so far", self.dropped)
                return
            self._queue.append(event)
            self._unwritten += 1
            if len(self._queue) in (1, BATCH_SIZE):
                self._changed.notify_all()
            if self._thread is None:
                self._deadline = None
                self._thread = threading.Thread(target=self._run, name="invocation-recorder", daemon=True)
                self._thread.start()

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
            if self._unwritten:
                log.error("stopped with %d calls not recorded", self._unwritten)

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                self._write_until_done(batch)
        finally:
            connections.close_all()

    def _next_batch(self) -> list[InvocationEvent]:
        """Up to BATCH_SIZE events, once there are that many or the oldest has waited; empty to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._deadline is not None)
            self._changed.wait_for(
                lambda: len(self._queue) >= BATCH_SIZE or self._deadline is not None, timeout=LINGER_SECONDS
            )
            if not self._queue:
                self._thread = None
            return [self._queue.popleft() for _ in range(min(BATCH_SIZE, len(self._queue)))]

    def _write_until_done(self, batch: Sequence[InvocationEvent]) -> None:
        try:
            done = self._write_with_retries(batch)
        except Exception:  # the thread must live on, whatever one event may hold
            if len(batch) > 1:
                for event in batch:
                    self._write_until_done([event])
                return
            log.exception("a call could not be recorded: %r", batch[0])
            self.dropped += 1
            done = True
        if done:
            with self._changed:
                self._unwritten -= len(batch)
                self._changed.notify_all()

    def _write_with_retries(self, batch: Sequence[InvocationEvent]) -> bool:
        """Write a batch, however long the store is away; False if the process ends before that."""
        attempt = 0
        while True:
            try:
                self._write(batch)
            except (OperationalError, InterfaceError):
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


recorder = Recorder()
atexit.register(recorder.close)


def record(event: InvocationEvent) -> None:
    """Record a call with this process's recorder."""
    recorder.record(event)
