"""Limits, and the error when one is reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

WINDOW_SECONDS = 60.0
HELD_SECONDS = 60.0
"""How long a request counts as running at most, so that neither a stream nor a killed replica keeps a slot."""
BUSY_RETRY_SECONDS = 1.0
"""`Retry-After` while too many requests run; when one ends is unknown."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests per minute, and concurrent requests; 0 for no limit."""

    per_minute: int = 0
    concurrent: int = 0


class Slot(Protocol):
    """The slot of a running request."""

    def release(self) -> None:
        """Release the slot. May be called twice."""
        ...


class TooMany(Exception):
    """A limit is reached. `retry_after` is in whole seconds, at least 1."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, math.ceil(wait))

    @classmethod
    def per_minute(cls, limits: Limits, wait: float) -> TooMany:
        """Create the error for the rate limit."""
        return cls(f"Too many requests: the limit is {limits.per_minute} per minute", wait)

    @classmethod
    def running(cls, limits: Limits) -> TooMany:
        """Create the error for the concurrency limit."""
        message = f"Too many concurrent requests: the limit is {limits.concurrent}; wait for a response first"
        return cls(message, BUSY_RETRY_SECONDS)
