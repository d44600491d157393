"""What is recorded and not in the store yet: the queue, and what is being written of it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from invocations.events import InvocationEvent

from .spool import Segment, Spool

Entry = tuple[InvocationEvent, Segment | None]
"""A call, and its place on disk if it has one."""


class Backlog:
    """Its length is the number of such calls. All methods are called under the recorder's lock."""

    def __init__(self, spool: Spool | None) -> None:
        self.queue: deque[Entry] = deque()
        self.in_flight: list[Entry] = []
        self.borrowed: list[InvocationEvent] = []
        """What is being written of a file that another process left; not counted in the length."""
        self._spool = spool

    def __len__(self) -> int:
        return len(self.queue) + len(self.in_flight)

    def begin(self, limit: int) -> list[InvocationEvent]:
        """Take the oldest of the queue, to be written."""
        self.in_flight = [self.queue.popleft() for _ in range(min(limit, len(self.queue)))]
        return [event for event, _ in self.in_flight]

    def finish(self) -> None:
        """What was taken is written."""
        gone, self.in_flight = self.in_flight, []
        self._free(gone)

    def begin_again(self) -> None:
        """Nobody writes what was taken: it is the first to be taken again."""
        self.queue.extendleft(reversed(self.in_flight))
        self.in_flight, self.borrowed = [], []

    def events(self) -> list[InvocationEvent]:
        """All of them and what is borrowed, the oldest first."""
        return [*self.borrowed, *(event for event, _ in (*self.in_flight, *self.queue))]

    def forget(self, events: Sequence[InvocationEvent]) -> None:
        """These are handed over, those included that are being written."""
        ids = {event.id for event in events}
        self.borrowed = [event for event in self.borrowed if event.id not in ids]
        gone = [entry for entry in (*self.in_flight, *self.queue) if entry[0].id in ids]
        self.in_flight = [entry for entry in self.in_flight if entry[0].id not in ids]
        self.queue = deque(entry for entry in self.queue if entry[0].id not in ids)
        self._free(gone)

    def _free(self, entries: Sequence[Entry]) -> None:
        for segment, count in Counter(segment for _, segment in entries).items():
            if segment is not None and self._spool is not None:
                self._spool.written(segment, count)
