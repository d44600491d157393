"""How long the work at hand may still take, known to all that it calls in the same thread or task. Pure.

Doors set it (a request to the gateway, a page, an upload); whoever waits for another server asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends: ContextVar[float] = ContextVar("deadline", default=float("inf"))
"""By `time.monotonic()`."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the block take so long, or less where the work that it is part of has less left."""
    with _ending(min(_ends.get(), time.monotonic() + seconds)):
        yield


@contextmanager
def afresh(seconds: float) -> Iterator[None]:
    """Let the block take so long, whoever began it: for work that others wait for, too."""
    with _ending(time.monotonic() + seconds):
        yield


def remaining() -> float:
    """Seconds that are left, at least 0; infinite without a deadline."""
    return max(_ends.get() - time.monotonic(), 0.0)


@contextmanager
def _ending(moment: float) -> Iterator[None]:
    token = _ends.set(moment)
    try:
        yield
    finally:
        _ends.reset(token)
