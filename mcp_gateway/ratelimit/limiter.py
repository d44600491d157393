"""Limits per caller: shared through Redis, or per process without Redis or while it is down."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from invocations.resilience.breaker import Breaker
from mcp_gateway.cached_settings import settings

from .memory import MemoryLimits
from .rules import Limits, Slot, TooMany
from .shared import FAILURES, PATIENCE_SECONDS, SharedLimits

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How long Redis is not used after a failure; then one request at a time tries it."""


class Limiter:
    """Admits requests or raises TooMany. An outage of Redis never rejects a request."""

    def __init__(self) -> None:
        self._own = MemoryLimits()
        self._breaker = Breaker(failures=1, open_seconds=RETRY_SECONDS, trial_seconds=2 * PATIENCE_SECONDS)

    async def acquire(self, key: str, limits: Limits, cost: int = 1) -> Slot | None:
        """Admit a request; return its slot if concurrency is limited. Raises TooMany."""
        if (shared := self._shared()) is not None:
            with suppress(*FAILURES), self._tracked():
                return await shared.acquire(key, limits, cost)
        return self._own.acquire(key, limits, cost)

    def acquire_blocking(self, key: str, per_minute: int) -> None:
        """Check the rate only, from synchronous code. Raises TooMany."""
        limits = Limits(per_minute)
        if (shared := self._shared()) is not None:
            with suppress(*FAILURES), self._tracked():
                shared.acquire_blocking(key, limits)
                return
        self._own.acquire(key, limits)

    @contextmanager
    def _tracked(self) -> Iterator[None]:
        """Report to the breaker whether Redis answered."""
        try:
            yield
        except FAILURES as error:
            log.warning("Redis does not answer; each replica limits callers by itself for now: %r", error)
            self._breaker.record_failure()
            raise
        except TooMany:
            self._breaker.record_success()
            raise
        self._breaker.record_success()

    def _shared(self) -> SharedLimits | None:
        if not settings.REDIS_URL or not self._breaker.allow():
            return None
        return _shared_limits(settings.REDIS_URL)


@cache
def _shared_limits(url: str) -> SharedLimits:
    return SharedLimits(url)
