"""Batch writes in which an invalid event neither blocks the others nor counts as an outage."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import DataError, IntegrityError

from invocations.events import InvocationEvent

BATCH_SIZE = 1_000
"""Large transactions make each event much cheaper."""
_ABOUT_THE_EVENTS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, DataError, IntegrityError)
"""Errors caused by an event's content; all others are problems of the store and may be temporary."""

Write = Callable[[Sequence[InvocationEvent]], None]
Reject = Callable[[InvocationEvent, Exception], None]


def write_all(write: Write, events: Sequence[InvocationEvent], reject: Reject) -> None:
    """Write events in batches; call `reject` for each event that the store will never accept.

    Raises what the store raises if it is unavailable; some events may have been written by then,
    and all may be written again.
    """
    for start in range(0, len(events), BATCH_SIZE):
        _write_batch(write, events[start : start + BATCH_SIZE], reject)


def _write_batch(write: Write, events: Sequence[InvocationEvent], reject: Reject) -> None:
    try:
        write(events)
    except _ABOUT_THE_EVENTS as error:
        if len(events) == 1:
            reject(events[0], error)
            return
        half = len(events) // 2
        _write_batch(write, events[:half], reject)
        _write_batch(write, events[half:], reject)
