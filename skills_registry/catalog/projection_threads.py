"""Threads that retry failed projections: one for each target, so that neither delays the other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connections

from invocations.resilience.supervision import SupervisedThread

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Failure:
    count: int
    retry_at: float


class Retrier:
    """Calls `retry(target, pk)` for each skill in `pending(target)`, with a backoff for each.

    Exceptions of both do not end the thread. Other processes leave skills pending, too, so it also checks
    every PROJECTION_LOOK_SECONDS.
    """

    def __init__(self, target: str, pending: Callable[[str], list[int]], retry: Callable[[str, int], None]) -> None:
        self._target = target
        self._pending = pending
        self._retry = retry
        self._failures: dict[int, _Failure] = {}
        self._changed = threading.Condition()
        self._thread = SupervisedThread(f"retries of the {target}", self._run)
        self._look_at = float("inf")

    def start(self) -> None:
        """Start the thread, unless it is running."""
        with self._changed:
            self._look_at = min(self._look_at, time.monotonic() + settings.PROJECTION_RETRY_SECONDS[0])
        self._thread.start()

    def failed(self, pk: int) -> None:
        """Schedule a retry; the wait grows with the number of failures."""
        waits = settings.PROJECTION_RETRY_SECONDS
        with self._changed:
            count = self._failures[pk].count + 1 if pk in self._failures else 1
            self._failures[pk] = _Failure(count, time.monotonic() + waits[min(count, len(waits)) - 1])
            self._changed.notify()

    def succeeded(self, pk: int) -> None:
        """Clear a skill's failures."""
        with self._changed:
            self._failures.pop(pk, None)

    def _run(self) -> None:
        while True:
            self._wait()
            try:
                self._round()
                self._thread.part.beat()
            except DatabaseError as error:
                log.warning("cannot look up pending skills (%s); retrying: %s", self._target, error)
            finally:
                connections.close_all()

    def _wait(self) -> None:
        with self._changed:
            while (seconds := self._next() - time.monotonic()) > 0:
                self._changed.wait(min(seconds, threading.TIMEOUT_MAX))

    def _next(self) -> float:
        return min([self._look_at, *(failure.retry_at for failure in self._failures.values())])

    def _round(self) -> None:
        with self._changed:
            self._look_at = time.monotonic() + settings.PROJECTION_LOOK_SECONDS
            known = set(self._failures)
        pending = self._pending(self._target)
        for pk in known.difference(pending):  # another process has written it
            self.succeeded(pk)
        for pk in pending:
            if self._is_due(pk):
                self._retry(self._target, pk)

    def _is_due(self, pk: int) -> bool:
        with self._changed:
            failure = self._failures.get(pk)
            return failure is None or failure.retry_at <= time.monotonic()
