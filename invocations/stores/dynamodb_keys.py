"""Keys and moments as DynamoDB has them, and items as events. Text that is compared is of one width."""

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


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, always with microseconds, so that it sorts as time does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_moment(text: str) -> datetime:
    """The time that `moment` wrote."""
    return datetime.fromisoformat(text)


def sort_key(position: Position) -> str:
    """Where a call is in its partition."""
    return f"{moment(position.invoked_at)}#{position.id}"


def read_sort_key(key: str) -> Position:
    """The position that `sort_key` wrote."""
    at, _, identity = key.partition("#")
    return Position(read_moment(at), UUID(identity))


def partition(skill: str, identity: UUID, shards: int) -> str:
    """The partition a call is written to: the skill's name, or one of its shards."""
    return partitions(skill, shards)[zlib.crc32(identity.bytes) % max(shards, 1)]


def partitions(skill: str, shards: int) -> list[str]:
    """All partitions of a skill. The first has its plain name, so that what is logged stays found with more."""
    return [skill, *(f"{skill}#{shard}" for shard in range(1, shards))]


def item_of(event: InvocationEvent, *, shards: int, ttl_days: int) -> dict[str, dict[str, str]]:
    """A call as a `CallItem` is sent, by attribute and type; an empty text is left out, as nobody asks for it.

    Made here, since every call pays for it, and through the model it costs ten times as much.
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
    """The call that an item holds."""
    position = read_sort_key(item.invoked_at)
    return InvocationEvent(
        skill=item.skill_id.partition("#")[0],
        status="error" if item.status == "error" else "success",
        invoked_at=position.invoked_at,
        id=position.id,
        duration_ms=float(item.duration_ms or 0),
        version=int(item.version) if item.version is not None else None,
        **{name: getattr(item, name) or "" for name in _TEXTS},
    )
