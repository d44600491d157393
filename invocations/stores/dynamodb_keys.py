"""Conversion of keys, times and events for DynamoDB. Strings that are compared have a fixed width."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from uuid import UUID

from invocations.events import InvocationEvent

from .base import Position
from .tables import CallItem

_TEXTS = (
    "method", "error_message", "request_params", "session_id", "client", "caller", "protocol_version", "trace_id",
)  # fmt: skip


def format_time(at: datetime) -> str:
    """Format a time as ISO 8601 in UTC, always with microseconds, so that it sorts by time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Parse a time written by `format_time`."""
    return datetime.fromisoformat(text)


def sort_key(position: Position) -> str:
    """Return the sort key of a call."""
    return f"{format_time(position.invoked_at)}#{position.id}"


def parse_sort_key(key: str) -> Position:
    """Parse a sort key."""
    at, _, identity = key.partition("#")
    return Position(parse_time(at), UUID(identity))


def partition(skill: str, identity: UUID, shards: int) -> str:
    """Return the partition key of a call: the skill's name, or one of its shards."""
    return partitions(skill, shards)[zlib.crc32(identity.bytes) % max(shards, 1)]


def partitions(skill: str, shards: int) -> list[str]:
    """Return all partition keys of a skill. The first is the plain name, so adding shards keeps old calls."""
    return [skill, *(f"{skill}#{shard}" for shard in range(1, shards))]


def item_of(event: InvocationEvent, *, shards: int, ttl_days: int) -> dict[str, dict[str, str]]:
    """Encode a call as a `CallItem` in DynamoDB's wire format, without empty strings.

    Not through the PynamoDB model, which is ten times slower, and this runs for every call.
    """
    item: dict[str, dict[str, str]] = {
        "skill_id": {"S": partition(event.skill, event.id, shards)},
        "invoked_at": {"S": sort_key(Position(event.invoked_at, event.id))},
        "status": {"S": event.status},
        "duration_ms": {"N": repr(event.duration_ms)},
    }
    if event.version is not None:
        item["version"] = {"N": str(event.version)}
    if ttl_days:
        item["expires_at"] = {"N": str(int(event.invoked_at.timestamp()) + ttl_days * 86_400)}
    return item | {name: {"S": text} for name in _TEXTS if (text := getattr(event, name))}


def event_of(item: CallItem) -> InvocationEvent:
    """Decode a call from its item."""
    position = parse_sort_key(item.invoked_at)
    return InvocationEvent(
        skill=item.skill_id.partition("#")[0],
        status="error" if item.status == "error" else "success",
        invoked_at=position.invoked_at,
        id=position.id,
        duration_ms=float(item.duration_ms or 0),
        version=int(item.version) if item.version is not None else None,
        **{name: getattr(item, name) or "" for name in _TEXTS},
    )
