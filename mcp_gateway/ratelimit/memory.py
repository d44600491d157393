"""Limits of one process. All functions may be called from any thread."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass

from .rules import HELD_SECONDS, WINDOW_SECONDS, Limits, TooMany

KEYS_MAX = 100_000
"""Of so many callers is known what they used; the one who called least recently is forgotten first."""


class Rates:
    """How much each key has used of what comes back evenly over a minute (the generic cell rate algorithm).

    Of each key only one time is kept: when it will have got back everything.
    """

    def __init__(self) -> None:
        self._whole_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, key: str, per_minute: int, cost: int = 1) -> float:
        """Seconds until `cost` more may be used; 0 for now."""
        now = time.monotonic()
        return max(0.0, self._after(key, now, per_minute, cost) - now - WINDOW_SECONDS)

    def take(self, key: str, per_minute: int, cost: int = 1) -> float:
        """Use `cost`, unless that is too much; seconds to wait as of `wait`."""
        now = time.monotonic()
        with self._lock:
            after = self._after(key, now, per_minute, cost)
            if after > now + WINDOW_SECONDS:
                return after - now - WINDOW_SECONDS
            self._whole_at.pop(key, None)
            self._whole_at[key] = after
            if len(self._whole_at) > KEYS_MAX:
                del self._whole_at[next(iter(self._whole_at))]
        return 0.0

    def _after(self, key: str, now: float, per_minute: int, cost: int) -> float:
        """When the key has got back everything, if it uses `cost` now; never more than there is at all."""
        return max(self._whole_at.get(key, now), now) + min(cost, per_minute) * WINDOW_SECONDS / per_minute


@dataclass(slots=True)
class MemoryPlace:
    """A place in this process."""

    key: str
    number: int
    running: Running

    def leave(self) -> None:
        """The request has ended."""
        self.running.leave(self.key, self.number)


class Running:
    """Which requests of each key run, by number, and until when they count."""

    def __init__(self) -> None:
        self._until: dict[str, dict[int, float]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def is_full(self, key: str, concurrent: int) -> bool:
        """Whether so many are running."""
        now = time.monotonic()
        with self._lock:
            places = self._until.get(key, {})
            for number in [number for number, until in places.items() if until <= now]:
                del places[number]
            return len(places) >= concurrent

    def enter(self, key: str) -> MemoryPlace:
        """One more is running."""
        number = next(self._numbers)
        with self._lock:
            self._until.setdefault(key, {})[number] = time.monotonic() + HELD_SECONDS
        return MemoryPlace(key, number, self)

    def leave(self, key: str, number: int) -> None:
        """One is no longer running."""
        with self._lock:
            places = self._until.get(key, {})
            places.pop(number, None)
            if not places:
                self._until.pop(key, None)


class MemoryLimits:
    """Both limits."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._running = Running()

    def enter(self, key: str, limits: Limits, cost: int = 1) -> MemoryPlace | None:
        """Let a request in; the place that it takes, if that is limited. Raises TooMany."""
        if limits.concurrent and self._running.is_full(key, limits.concurrent):
            raise TooMany.at_once(limits)
        if limits.per_minute and (wait := self._rates.take(key, limits.per_minute, cost)):
            raise TooMany.requests(limits, wait)
        return self._running.enter(key) if limits.concurrent else None
