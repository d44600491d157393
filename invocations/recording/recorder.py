"""The recorder of calls: `record` takes microseconds, a thread writes batches.

`record` never waits and never raises. Each event is on disk (`spool`) before `record` returns, so a
killed process loses none: the next process takes over its files. While the store is unavailable,
events that do not fit into memory stay on disk; if that is full too, they are dropped and counted.
Where the disk may disappear with the process, unwritten events are handed over to other replicas
through the bucket (`handover`), both periodically during an outage and at shutdown.
`close` writes what is left; it is called from the ASGI lifespan (uvicorn) and at exit
(daphne, which has no lifespan).
"""

from __future__ import annotations

import atexit
import itertools
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from invocations.events import InvocationEvent
from invocations.resilience.supervision import SupervisedThread

from .backlog import Backlog
from .handover import Handover, HandoverWorker, handover, write_to_store
from .leave_behind import hand_over_all
from .spool import Segment, Spool
from .spool_lines import Rejected, encode
from .writing import BATCH_SIZE, Write, write_all

log = logging.getLogger(__name__)

LINGER_SECONDS = 0.1
"""How long a batch waits to fill; also the delay before a call appears in the log."""
RETRY_SECONDS = (0.2, 1.0, 5.0)
"""Delays between tries while the store is unavailable; the last one repeats."""
LAST_RETRY_SECONDS = 0.5
"""During shutdown, the maximum of these delays and the delay between handover tries."""
TAKE_OVER_SECONDS = 10.0
"""How often a process looks for spool files of ended processes or of its own overflow."""
SILENT_SECONDS = 120.0
"""Longer than any batch takes; a writer silent for longer is reported."""


@dataclass(frozen=True)
class State:
    """Problems with recording in this process."""

    dropped: int = 0
    """Calls that were lost."""
    set_aside: int = 0
    """Number of files in `spool/rejected`."""
    in_memory_only: bool = False
    """Whether calls are kept in memory only, because the spool cannot be written."""

    def __str__(self) -> str:
        found = [f"{self.dropped} calls were dropped"] if self.dropped else []
        if self.set_aside:
            found.append(f"{self.set_aside} files are in spool/rejected")
        if self.in_memory_only:
            found.append("the spool cannot be written; calls are in memory only")
        return "; ".join(found) or "ok"


class _DeadlinePassed(Exception):
    """The shutdown deadline passed before the store answered."""


class Recorder:
    """One queue and one writer thread per process."""

    def __init__(
        self,
        write: Write,
        *,
        spool: Spool | None = None,
        handover: Handover | None = None,
        handover_seconds: float = 60.0,
        capacity: int = 10_000,
        drain_seconds: float = 10.0,
    ) -> None:
        self.dropped = 0
        self._write = write
        self._spool = spool
        self._handover = handover
        self._handover_seconds = handover_seconds
        self._capacity = capacity
        self._drain_seconds = drain_seconds
        self._backlog = Backlog(spool)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._worker = SupervisedThread("invocation-recorder", self._run, silent_after=SILENT_SECONDS)
        self._deadline: float | None = None
        self._failing_since: float | None = None
        self._handed_over_at = float("-inf")

    @property
    def state(self) -> State:
        """Current problems."""
        if self._spool is None:
            return State(self.dropped)
        return State(self.dropped, self._spool.set_aside.count(), bool(self._spool.problem))

    def start(self) -> None:
        """Start the writer thread, which also takes over earlier processes' spool files; may be called again."""
        with self._changed:
            if not self._worker.running:
                self._deadline = None
                self._worker.start()

    def record(self, event: InvocationEvent) -> None:
        """Record an event; returns immediately, whatever the store does."""
        with self._lock:
            full = len(self._backlog) >= self._capacity
            segment = self._spool_event(event, left=full)
            if not full:
                self._backlog.queue.append((event, segment))
            elif segment is None:
                self._drop(event)
            if len(self._backlog.queue) % BATCH_SIZE <= 1:
                self._changed.notify_all()
                self.start()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything recorded is written; return False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._backlog, timeout)

    def close(self) -> None:
        """Write what is left within the drain time, and stop the thread; may be called twice.

        With a bucket, the second half of the drain time is reserved for the handover.
        """
        with self._changed:
            self._worker.stopping.set()
            self._deadline = deadline = time.monotonic() + self._drain_seconds
            self._changed.notify_all()
        if self._handover is None:
            self._worker.stop(self._drain_seconds + 1)  # the thread itself gives up at the deadline
        elif not self._worker.stop(self._drain_seconds / 2) or self._backlog:
            self._hand_over_until(self._handover, deadline)
        with self._changed:
            if self._spool is not None:
                self._spool.close()
            if self._backlog:
                log.error("stopped with %d calls not in the log yet", len(self._backlog))

    def _hand_over_until(self, handover: Handover, deadline: float) -> None:
        """Hand over what is left; in a thread, because the bucket may hang too."""

        def try_until_deadline() -> None:
            while not self._hand_over(handover) and time.monotonic() < deadline:
                time.sleep(LAST_RETRY_SECONDS)

        thread = threading.Thread(target=try_until_deadline, name="invocation-handover", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # Python 3.12 and later start no thread at exit
            try_until_deadline()
        else:
            thread.join(max(deadline - time.monotonic(), 0))

    def _spool_event(self, event: InvocationEvent, *, left: bool) -> Segment | None:
        """Append an event to the spool; return None if there is none or it fails."""
        if self._spool is None:
            return None
        try:
            return self._spool.append(event, left=left)
        except OSError:
            return None  # the spool logs it
        except TypeError:
            log.exception("cannot spool a call")
            return None

    def _drop(self, event: InvocationEvent) -> None:
        self.dropped += 1
        if self.dropped == 1 or self.dropped % 1000 == 0:
            log.error("dropped %d calls so far, the last one of %s", self.dropped, event.skill)

    def _reject(self, event: InvocationEvent, error: Exception) -> None:
        """Set aside an event that the store will never accept."""
        log.error("the store rejected a call: %r: %r", error, event)
        try:
            if self._spool is None:
                raise OSError("there is no spool to set it aside in")
            self._spool.set_aside.keep(f"{event.id}.jsonl", [Rejected(encode(event).strip(), repr(error))])
        except (OSError, TypeError):
            self._drop(event)

    def _run(self) -> None:
        with self._lock:  # the batch of a run that failed
            self._backlog.requeue_batch()
        next_takeover = 0.0
        try:
            while self._write_next(next_takeover - time.monotonic()):
                if time.monotonic() >= next_takeover and not self._take_over_file():
                    next_takeover = time.monotonic() + TAKE_OVER_SECONDS
                self._worker.part.beat()
            while self._take_over_file():  # the overflow
                pass
        except _DeadlinePassed:
            return
        finally:
            connections.close_all()

    def _write_next(self, idle: float) -> bool:
        """Write a batch if one comes within `idle` seconds; return False once all is written at shutdown."""
        backlog = self._backlog
        with self._changed:
            self._changed.wait_for(lambda: backlog.queue or self._deadline is not None, max(idle, 0))
            if backlog.queue:
                self._changed.wait_for(
                    lambda: len(backlog.queue) >= BATCH_SIZE or self._deadline is not None, LINGER_SECONDS
                )
            elif self._spool is not None:
                self._spool.close()  # so that its overflow can be taken over
            if not backlog.queue:
                return self._deadline is None
            batch = backlog.take_batch(BATCH_SIZE)
        self._deliver(batch)
        with self._changed:
            backlog.finish_batch()
            self._changed.notify_all()
        return True

    def _take_over_file(self) -> bool:
        """Write one spool file of another process; return whether there was one."""
        if self._spool is None:
            return False
        with self._spool.take_over_segment() as events:
            if events:
                log.info("found %d calls that an earlier process may not have written", len(events))
                self._backlog.borrowed = events
                self._deliver(events)
                self._backlog.borrowed = []
            return bool(events)

    def _deliver(self, events: Sequence[InvocationEvent]) -> None:
        """Write events, or hand them over. Raises _DeadlinePassed if the shutdown deadline passes first."""
        for wait in itertools.chain(RETRY_SECONDS, itertools.repeat(RETRY_SECONDS[-1])):
            try:
                write_all(self._write_batch, events, self._reject)
            except Exception:
                log.exception("writing %d calls failed; trying again", len(events))
                for connection in connections.all(initialized_only=True):
                    connection.close_if_unusable_or_obsolete()
            else:
                self._failing_since = None
                return
            self._failing_since = self._failing_since or time.monotonic()
            if self._handover is not None and self._handover_is_due():
                self._hand_over(self._handover)
            if not self._backlog.in_flight and not self._backlog.borrowed:
                return  # they were handed over
            self._pause(wait)

    def _write_batch(self, events: Sequence[InvocationEvent]) -> None:
        self._write(events)
        self._worker.part.beat()

    def _pause(self, seconds: float) -> None:
        self._worker.part.beat()
        with self._changed:
            if self._deadline is None:
                self._changed.wait_for(lambda: self._deadline is not None, seconds)
                return
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _DeadlinePassed
        time.sleep(min(seconds, LAST_RETRY_SECONDS, left))

    def _handover_is_due(self) -> bool:
        if self._failing_since is None or self._deadline is not None:
            return False
        waited = time.monotonic() - max(self._failing_since, self._handed_over_at)
        return waited >= self._handover_seconds or len(self._backlog) >= self._capacity

    def _hand_over(self, handover: Handover) -> bool:
        """Hand all unwritten events over to other replicas; return False if that fails too."""
        if not hand_over_all(handover, self._backlog, self._spool, self._changed):
            return False
        self._handed_over_at = time.monotonic()
        return True


recorder = Recorder(
    write_to_store,
    spool=Spool(settings.SPOOL_DIR),
    handover=handover,
    handover_seconds=settings.INVOCATION_HANDOVER_SECONDS,
    drain_seconds=settings.RECORDER_STOP_SECONDS,
)
handover_worker = (
    HandoverWorker(handover, write_to_store, seconds=min(30, settings.INVOCATION_HANDOVER_SECONDS))
    if handover
    else None
)
atexit.register(recorder.close)


def start() -> None:
    """Start the recorder, and take over what earlier processes and other replicas left unwritten."""
    recorder.start()
    if handover_worker is not None:
        handover_worker.start()


def close() -> None:
    """See `Recorder.close`."""
    if handover_worker is not None:
        handover_worker.stop()
    recorder.close()


def record(event: InvocationEvent) -> None:
    """Record a call with this process's recorder."""
    recorder.record(event)
