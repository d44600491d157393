"""The log read from DynamoDB, newest first: each partition is in that order, several are merged.

The log of all skills starts from the counters, which know when each skill was called last: a
partition is opened only once the merge has come down to its newest call. So the first page costs
about as many queries as there are skills on it, not as many as there are skills.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from invocations.events import InvocationEvent

from .base import CallFilter, CallPage, Position
from .dynamodb_keys import FIRST_ID, LAST_ID, event_of, moment, partitions, read_moment, sort_key
from .tables import CallItem, CounterItem

LOOKED_AT = 250
"""Rows that one query looks at where not all of them are wanted."""
LOOKS_MAX = 40
"""Further queries for one page; a filter that leaves out nearly everything ends the page early."""
_END_OF_TIME = Position(datetime.max.replace(tzinfo=UTC), LAST_ID)


class _Partition:
    """What is left of a partition: `read` was read ahead, whatever else is to come is older than `below`."""

    def __init__(self, name: str, below: Position) -> None:
        self.below = below
        self.read: deque[InvocationEvent] = deque()
        self.ended = False
        self._name = name
        self._looks = 0

    def order(self) -> tuple[int, int]:
        """The newer what comes next may be, the smaller."""
        newest = Position(self.read[0].invoked_at, self.read[0].id) if self.read else self.below
        return -int(newest.invoked_at.timestamp() * 1_000_000), -newest.id.int

    def look(self, wanted: CallFilter, size: int) -> bool:
        """Read the next rows and keep the wanted ones; whether this was not the first time."""
        since = moment(wanted.since) if wanted.since else "0"
        upto = sort_key(self.below)
        now = timezone.now()
        # The range includes its end, which is seen already.
        items = list(
            CallItem.query(
                self._name, CallItem.invoked_at.between(since, upto), scan_index_forward=False, limit=size + 1
            )
        )
        for item in items:
            event = event_of(item)
            self.below = Position(event.invoked_at, event.id)
            if item.invoked_at != upto and _alive(item, now) and _matches(event, wanted):
                self.read.append(event)
        self.ended = len(items) <= size
        self._looks += 1
        return self._looks > 1


def calls(wanted: CallFilter, before: Position | None, limit: int) -> CallPage:
    """See `InvocationStore`."""
    found: list[InvocationEvent] = []
    looks = 0
    size = limit + 1 if wanted == CallFilter(skill=wanted.skill) else LOOKED_AT
    heap = [(one.order(), number, one) for number, one in enumerate(_partitions(wanted, before))]
    heapq.heapify(heap)
    while heap and len(found) <= limit:
        _, number, newest = heapq.heappop(heap)
        if newest.read:
            found.append(newest.read.popleft())
        elif looks >= LOOKS_MAX:
            return CallPage(found, newest.below)
        else:
            looks += newest.look(wanted, size)
        if newest.read or not newest.ended:
            heapq.heappush(heap, (newest.order(), number, newest))
    shown = found[:limit]
    return CallPage(shown, Position(shown[-1].invoked_at, shown[-1].id) if len(found) > limit else None)


def call(skill: str, position: Position) -> InvocationEvent | None:
    """See `InvocationStore`."""
    now = timezone.now()
    keys = [(name, sort_key(position)) for name in partitions(skill, settings.INVOCATION_LOG_SHARDS)]
    return next((event_of(item) for item in CallItem.batch_get(keys) if _alive(item, now)), None)


def _partitions(wanted: CallFilter, before: Position | None) -> Iterator[_Partition]:
    start = min(before or _END_OF_TIME, Position(wanted.until, FIRST_ID) if wanted.until else _END_OF_TIME)
    for skill, newest in [(wanted.skill, start)] if wanted.skill else _skills_called():
        for name in partitions(skill, settings.INVOCATION_LOG_SHARDS):
            yield _Partition(name, min(start, newest))


def _skills_called() -> Iterator[tuple[str, Position]]:
    """Every skill that was called, and a place right after its last call."""
    counters = CounterItem.scan(
        CounterItem.last_invoked_at.exists(), attributes_to_get=["skill_id", "last_invoked_at"], consistent_read=True
    )
    for counter in counters:
        yield counter.skill_id, Position(read_moment(counter.last_invoked_at), LAST_ID)


def _alive(item: CallItem, now: datetime) -> bool:
    """DynamoDB removes expired rows late, sometimes by days."""
    return item.expires_at is None or item.expires_at > now


def _matches(event: InvocationEvent, wanted: CallFilter) -> bool:
    named = ("status", "method", "client", "caller", "version")
    return all(getattr(event, name) == value for name in named if (value := getattr(wanted, name)))
