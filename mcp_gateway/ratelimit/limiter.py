"""The limits of callers: shared where there is Redis, of this process where there is none or it does not answer."""

from __future__ import annotations

import logging
import time
from functools import cache

from mcp_gateway.remembered_settings import settings

from .memory import MemoryLimits
from .rules import Limits, Place
from .shared import FAILURES, SharedLimits

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How long Redis is left alone after it did not answer."""


class Limiter:
    """Lets requests in, or raises TooMany; a Redis that is away never keeps anybody out."""

    def __init__(self) -> None:
        self._own = MemoryLimits()
        self._away_until = float("-inf")

    async def enter(self, key: str, limits: Limits, cost: int = 1) -> Place | None:
        """Let a caller's request in; the place that it takes while it runs, if that is limited. Raises TooMany."""
        if (shared := self._shared()) is not None:
            try:
                return await shared.enter(key, limits, cost)
            except FAILURES as error:
                self._redis_is_away(error)
        return self._own.enter(key, limits, cost)

    def enter_blocking(self, key: str, per_minute: int) -> None:
        """The rate alone, for code that is not asynchronous. Raises TooMany."""
        limits = Limits(per_minute)
        if (shared := self._shared()) is not None:
            try:
                return shared.enter_blocking(key, limits)
            except FAILURES as error:
                self._redis_is_away(error)
        self._own.enter(key, limits)
        return None

    def _shared(self) -> SharedLimits | None:
        if not settings.REDIS_URL or time.monotonic() < self._away_until:
            return None
        return _in_redis(settings.REDIS_URL)

    def _redis_is_away(self, error: BaseException) -> None:
        log.warning("each replica limits callers by itself for now, since Redis does not answer: %r", error)
        self._away_until = time.monotonic() + RETRY_SECONDS


@cache
def _in_redis(url: str) -> SharedLimits:
    return SharedLimits(url)
