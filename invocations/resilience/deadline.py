"""The deadline of the current work, inherited by everything it calls in the same thread or task. Pure.

Entry points set it (a gateway request, a page, an upload); code that waits for another server reads it.
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
    """Limit the block to `seconds`, or to the surrounding deadline if that is sooner."""
    with _set_end(min(_ends.get(), time.monotonic() + seconds)):
        yield


@contextmanager
def override(seconds: float) -> Iterator[None]:
    """Limit the block to `seconds` regardless of a surrounding deadline: for work that others also wait for."""
    with _set_end(time.monotonic() + seconds):
        yield


def remaining() -> float:
    """Return the seconds left, at least 0; infinity without a deadline."""
    return max(_ends.get() - time.monotonic(), 0.0)


@contextmanager
def _set_end(moment: float) -> Iterator[None]:
    token = _ends.set(moment)
    try:
        yield
    finally:
        _ends.reset(token)
