"""What the limits are, and how it is said that they are reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

WINDOW_SECONDS = 60.0
HELD_SECONDS = 60.0
"""How long a request counts as running, at most: so that neither a stream nor a killed replica holds a place."""
BUSY_RETRY_SECONDS = 1.0
"""When to try again while too many requests run: nobody knows when one of them ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute, and requests at once; 0 for no limit."""

    per_minute: int = 0
    concurrent: int = 0


class Place(Protocol):
    """A running request, as long as it counts as one."""

    def leave(self) -> None:
        """It has ended; may be called twice."""
        ...


class TooMany(Exception):
    """A limit is reached; `retry_after`: whole seconds until it is worth trying again, at least one."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, math.ceil(wait))

    @classmethod
    def requests(cls, limits: Limits, wait: float) -> TooMany:
        """Too many in too short a time."""
        return cls(f"Too many requests: {limits.per_minute} a minute are allowed", wait)

    @classmethod
    def at_once(cls, limits: Limits) -> TooMany:
        """Too many are running."""
        message = f"Too many requests at once: {limits.concurrent} are allowed; wait for an answer first"
        return cls(message, BUSY_RETRY_SECONDS)
