"""Limits within one process. Thread-safe."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass

from .rules import HELD_SECONDS, WINDOW_SECONDS, Limits, TooMany

KEYS_MAX = 100_000
"""How many callers are tracked; the one that called least recently is evicted first."""


class Rates:
    """The rate used per key: a bucket that refills evenly over a minute (generic cell rate algorithm).

    Stores one value per key: the time at which its bucket will be full again.
    """

    def __init__(self) -> None:
        self._refilled_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, key: str, per_minute: int, cost: int = 1) -> float:
        """Return the seconds until `cost` is available; 0 if it is now."""
        now = time.monotonic()
        return max(0.0, self._refill_time(key, now, per_minute, cost) - now - WINDOW_SECONDS)

    def take(self, key: str, per_minute: int, cost: int = 1) -> float:
        """Use `cost` if it is available; return the seconds to wait otherwise, else 0."""
        now = time.monotonic()
        with self._lock:
            after = self._refill_time(key, now, per_minute, cost)
            if after > now + WINDOW_SECONDS:
                return after - now - WINDOW_SECONDS
            self._refilled_at.pop(key, None)
            self._refilled_at[key] = after
            if len(self._refilled_at) > KEYS_MAX:
                del self._refilled_at[next(iter(self._refilled_at))]
        return 0.0

    def _refill_time(self, key: str, now: float, per_minute: int, cost: int) -> float:
        """Return when the bucket is full again if `cost` is used now. A cost above the limit counts as the limit."""
        return max(self._refilled_at.get(key, now), now) + min(cost, per_minute) * WINDOW_SECONDS / per_minute


@dataclass(slots=True)
class MemorySlot:
    """A slot in this process."""

    key: str
    number: int
    running: Running

    def release(self) -> None:
        """Release the slot."""
        self.running.release(self.key, self.number)


class Running:
    """Running requests per key, by number, each with the time until which it counts."""

    def __init__(self) -> None:
        self._until: dict[str, dict[int, float]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def is_full(self, key: str, concurrent: int) -> bool:
        """Return whether `concurrent` requests are running."""
        now = time.monotonic()
        with self._lock:
            places = self._until.get(key, {})
            for number in [number for number, until in places.items() if until <= now]:
                del places[number]
            return len(places) >= concurrent

    def acquire(self, key: str) -> MemorySlot:
        """Add a running request."""
        number = next(self._numbers)
        with self._lock:
            self._until.setdefault(key, {})[number] = time.monotonic() + HELD_SECONDS
        return MemorySlot(key, number, self)

    def release(self, key: str, number: int) -> None:
        """Remove a running request."""
        with self._lock:
            places = self._until.get(key, {})
            places.pop(number, None)
            if not places:
                self._until.pop(key, None)


class MemoryLimits:
    """Rate and concurrency limits."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._running = Running()

    def acquire(self, key: str, limits: Limits, cost: int = 1) -> MemorySlot | None:
        """Admit a request; return its slot if concurrency is limited. Raises TooMany."""
        if limits.concurrent and self._running.is_full(key, limits.concurrent):
            raise TooMany.running(limits)
        if limits.per_minute and (wait := self._rates.take(key, limits.per_minute, cost)):
            raise TooMany.per_minute(limits, wait)
        return self._running.acquire(key) if limits.concurrent else None
