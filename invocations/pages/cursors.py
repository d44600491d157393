"""Log positions as URL-safe strings that sort in the same order."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from invocations.events import InvocationEvent
from invocations.queries import Position


def encode_cursor(position: Position) -> str:
    """Encode a position as its UTC time, always with microseconds, and its id."""
    return f"{position.invoked_at.astimezone(UTC).isoformat(timespec='microseconds')}_{position.id}"


def call_cursor(call: InvocationEvent) -> str:
    """Return the cursor of a call."""
    return encode_cursor(Position(call.invoked_at, call.id))


def decode_cursor(text: str) -> Position:
    """Decode a cursor. Raises ValueError."""
    moment, _, identity = text.partition("_")
    try:
        return Position(datetime.fromisoformat(moment).astimezone(UTC), UUID(identity))
    except OverflowError:
        raise ValueError(text) from None
