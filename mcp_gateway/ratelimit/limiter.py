"""The limits of callers: shared where there is Redis, of this process where there is none or it does not answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from invocations.resilience.breaker import Breaker
from mcp_gateway.cached_settings import settings

from .memory import MemoryLimits
from .rules import Limits, Place, TooMany
from .shared import FAILURES, PATIENCE_SECONDS, SharedLimits

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How long Redis is left alone after it did not answer; then one request at a time tries it."""


class Limiter:
    """Lets requests in, or raises TooMany; a Redis that is away never keeps anybody out."""

    def __init__(self) -> None:
        self._own = MemoryLimits()
        self._breaker = Breaker(failures=1, open_seconds=RETRY_SECONDS, trial_seconds=2 * PATIENCE_SECONDS)

    async def enter(self, key: str, limits: Limits, cost: int = 1) -> Place | None:
        """Let a caller's request in; the place that it takes while it runs, if that is limited. Raises TooMany."""
        if (shared := self._shared()) is not None:
            with suppress(*FAILURES), self._reported():
                return await shared.enter(key, limits, cost)
        return self._own.enter(key, limits, cost)

    def enter_blocking(self, key: str, per_minute: int) -> None:
        """The rate alone, for code that is not asynchronous. Raises TooMany."""
        limits = Limits(per_minute)
        if (shared := self._shared()) is not None:
            with suppress(*FAILURES), self._reported():
                shared.enter_blocking(key, limits)
                return
        self._own.enter(key, limits)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Tell the breaker whether Redis has answered."""
        try:
            yield
        except FAILURES as error:
            log.warning("each replica limits callers by itself for now, since Redis does not answer: %r", error)
            self._breaker.record_failure()
            raise
        except TooMany:
            self._breaker.record_success()
            raise
        self._breaker.record_success()

    def _shared(self) -> SharedLimits | None:
        if not settings.REDIS_URL or not self._breaker.allow():
            return None
        return _in_redis(settings.REDIS_URL)


@cache
def _in_redis(url: str) -> SharedLimits:
    return SharedLimits(url)
