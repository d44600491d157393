"""Events that a store cannot hold must not keep the others from being written, nor be taken for an outage."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import DataError, IntegrityError

from invocations.events import InvocationEvent

BATCH_SIZE = 1_000
"""Many in one transaction cost each of them much less."""
_ABOUT_THE_EVENTS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, DataError, IntegrityError)
"""What a store raises because of what an event holds; all else is the store's own trouble, and may pass."""

Write = Callable[[Sequence[InvocationEvent]], None]
Refuse = Callable[[InvocationEvent, Exception], None]


def write_all(write: Write, events: Sequence[InvocationEvent], refuse: Refuse) -> None:
    """Write events in batches; `refuse` gets each one that the store will never take.

    Raises what the store raises where it is away; then any of them may have been written, and all may be again.
    """
    for start in range(0, len(events), BATCH_SIZE):
        _write_batch(write, events[start : start + BATCH_SIZE], refuse)


def _write_batch(write: Write, events: Sequence[InvocationEvent], refuse: Refuse) -> None:
    try:
        write(events)
    except _ABOUT_THE_EVENTS as error:
        if len(events) == 1:
            refuse(events[0], error)
            return
        half = len(events) // 2
        _write_batch(write, events[:half], refuse)
        _write_batch(write, events[half:], refuse)
