"""Places in the log as texts, for addresses: they sort as the places do."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from invocations.events import InvocationEvent
from invocations.queries import Position


def cursor(position: Position) -> str:
    """The text of a position: its moment in UTC, always to the microsecond, and its id."""
    return f"{position.invoked_at.astimezone(UTC).isoformat(timespec='microseconds')}_{position.id}"


def cursor_of(call: InvocationEvent) -> str:
    """Where a call is."""
    return cursor(Position(call.invoked_at, call.id))


def position(text: str) -> Position:
    """The position that `cursor` wrote. Raises ValueError."""
    moment, _, identity = text.partition("_")
    try:
        return Position(datetime.fromisoformat(moment).astimezone(UTC), UUID(identity))
    except OverflowError:
        raise ValueError(text) from None
