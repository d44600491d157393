"""Recorded calls that are not in the store yet: the queue and the batch being written."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from invocations.events import InvocationEvent

from .spool import Segment, Spool

Entry = tuple[InvocationEvent, Segment | None]
"""A call, and its spool segment if it is on disk."""


class Backlog:
    """Queue and batch in flight; `len()` counts both. Call all methods under the recorder's lock."""

    def __init__(self, spool: Spool | None) -> None:
        self.queue: deque[Entry] = deque()
        self.in_flight: list[Entry] = []
        self.borrowed: list[InvocationEvent] = []
        """Calls being written from another process's spool file; not counted in the length."""
        self._spool = spool

    def __len__(self) -> int:
        return len(self.queue) + len(self.in_flight)

    def take_batch(self, limit: int) -> list[InvocationEvent]:
        """Move up to `limit` of the oldest calls from the queue into the batch in flight, and return them."""
        self.in_flight = [self.queue.popleft() for _ in range(min(limit, len(self.queue)))]
        return [event for event, _ in self.in_flight]

    def finish_batch(self) -> None:
        """Drop the batch in flight: it is in the store."""
        gone, self.in_flight = self.in_flight, []
        self._mark_written(gone)

    def requeue_batch(self) -> None:
        """Put the batch in flight back at the front of the queue."""
        self.queue.extendleft(reversed(self.in_flight))
        self.in_flight, self.borrowed = [], []

    def events(self) -> list[InvocationEvent]:
        """Return all calls including borrowed ones, oldest first."""
        return [*self.borrowed, *(event for event, _ in (*self.in_flight, *self.queue))]

    def remove(self, events: Sequence[InvocationEvent]) -> None:
        """Remove these calls, also from the batch in flight: they were handed over."""
        ids = {event.id for event in events}
        self.borrowed = [event for event in self.borrowed if event.id not in ids]
        gone = [entry for entry in (*self.in_flight, *self.queue) if entry[0].id in ids]
        self.in_flight = [entry for entry in self.in_flight if entry[0].id not in ids]
        self.queue = deque(entry for entry in self.queue if entry[0].id not in ids)
        self._mark_written(gone)

    def _mark_written(self, entries: Sequence[Entry]) -> None:
        for segment, count in Counter(segment for _, segment in entries).items():
            if segment is not None and self._spool is not None:
                self._spool.mark_written(segment, count)
