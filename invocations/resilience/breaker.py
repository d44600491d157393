"""A circuit breaker: a dependency that is known to be away is not asked, so that nobody waits for it. Pure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    """What the breaker does with calls: lets all through, none, or a single one that tries."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Opens after `failures` in a row; after `open_seconds` one call may try, and closes it if it succeeds.

    Whoever was allowed a call reports how it went, with `succeeded` or `failed`. A trial that is not
    reported within `trial_seconds` is taken for lost, and another one is allowed. `on_open` is called
    each time that the breaker opens. All methods may be called from any thread.
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
        """The present state; an open breaker becomes half-open when the first trial is allowed."""
        return self._state

    def allow(self) -> bool:
        """Whether a call may be made now."""
        with self._lock:
            if self._state is State.CLOSED:
                return True
            now = self._clock()
            if now < self._next_trial_at:
                return False
            self._state = State.HALF_OPEN
            self._next_trial_at = now + self._trial_seconds
            return True

    def succeeded(self) -> None:
        """The dependency has answered; also where the answer was a refusal."""
        with self._lock:
            self._state = State.CLOSED
            self._failures = 0

    def failed(self) -> None:
        """The dependency could not be reached, or did not answer in time."""
        with self._lock:
            if self._state is State.OPEN:
                return  # a call that began before
            self._failures += 1
            if self._state is State.CLOSED and self._failures < self._limit:
                return
            self._state = State.OPEN
            self._next_trial_at = self._clock() + self._open_seconds
        self._on_open()
