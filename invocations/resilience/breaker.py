"""A circuit breaker: calls to a dependency that is known to be down fail immediately. Pure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    """CLOSED allows all calls, OPEN none, HALF_OPEN a single trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Opens after `failures` consecutive failures; after `open_seconds` it allows a trial, whose success closes it.

    Callers report every allowed call with `record_success` or `record_failure`. A trial that is not
    reported within `trial_seconds` counts as lost, and another is allowed. `on_open` is called
    each time the breaker opens. All methods are thread-safe.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        open_seconds: float = 5.0,
        trial_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        on_open: Callable[[], None] = lambda: None,
    ) -> None:
        self._limit = failures
        self._open_seconds = open_seconds
        self._trial_seconds = trial_seconds
        self._clock = clock
        self._on_open = on_open
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._failures = 0
        self._next_trial_at = 0.0

    @property
    def state(self) -> State:
        """The current state; OPEN becomes HALF_OPEN when the first trial is allowed."""
        return self._state

    def allow(self) -> bool:
        """Return whether a call may be made now."""
        with self._lock:
            if self._state is State.CLOSED:
                return True
            now = self._clock()
            if now < self._next_trial_at:
                return False
            self._state = State.HALF_OPEN
            self._next_trial_at = now + self._trial_seconds
            return True

    def record_success(self) -> None:
        """Close the breaker: the dependency answered, if only with a refusal."""
        with self._lock:
            self._state = State.CLOSED
            self._failures = 0

    def record_failure(self) -> None:
        """Count a failure: the dependency could not be reached or timed out."""
        with self._lock:
            if self._state is State.OPEN:
                return  # a call that began before the breaker opened
            self._failures += 1
            if self._state is State.CLOSED and self._failures < self._limit:
                return
            self._state = State.OPEN
            self._next_trial_at = self._clock() + self._open_seconds
        self._on_open()
