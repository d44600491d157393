"""Reading the log from DynamoDB, newest first, by merging partitions that are each in that order.

For the log of all skills, the counters tell when each skill was last called: a
partition is queried only once the merge reaches its newest call. So the first page costs
about as many queries as there are skills on the page, not as many as there are skills.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone
from pynamodb.expressions.condition import Condition

from invocations.events import InvocationEvent

from .base import FIRST_ID, LAST_ID, CallFilter, CallPage, Position
from .dynamodb_keys import event_of, format_time, parse_time, partitions, sort_key
from .tables import CallItem, CounterItem

SEARCH_MAX = 250
"""Rows per query when the filter may reject some of them."""
QUERIES_MAX = 40
"""Maximum further queries per page; a filter that rejects nearly everything ends the page early."""
_BEFORE_TIME = "0"
_END_OF_TIME = Position(datetime.max.replace(tzinfo=UTC), LAST_ID)


class _Partition:
    """The unread part of a partition: `read` was read ahead, the rest lies beyond `edge`.

    Read towards older calls, or with `newer` towards newer ones.
    """

    def __init__(self, name: str, edge: Position, *, newer: bool) -> None:
        self.edge = edge
        self.read: deque[InvocationEvent] = deque()
        self.ended = False
        self.looked_through = 0
        self._name = name
        self._newer = newer

    def order(self) -> tuple[int, int]:
        """Return the merge key; the partition with the smallest comes next."""
        nearest = Position(self.read[0].invoked_at, self.read[0].id) if self.read else self.edge
        place = int(nearest.invoked_at.timestamp() * 1_000_000), nearest.id.int
        return place if self._newer else (-place[0], -place[1])

    def read_more(self, wanted: CallFilter, size: int) -> None:
        """Read the next rows and keep the matching ones."""
        seen = sort_key(self.edge)
        now = timezone.now()
        # The range includes both ends, of which one has been seen.
        items = list(
            CallItem.query(self._name, self._range(wanted, seen), scan_index_forward=self._newer, limit=size + 1)
        )
        for item in items:
            event = event_of(item)
            self.edge = Position(event.invoked_at, event.id)
            if item.invoked_at != seen and _is_unexpired(item, now) and _matches(event, wanted):
                self.read.append(event)
        self.ended = len(items) <= size
        self.looked_through += len(items)

    def _range(self, wanted: CallFilter, seen: str) -> Condition:
        since = format_time(wanted.since) if wanted.since else _BEFORE_TIME
        if not self._newer:
            return CallItem.invoked_at.between(since, seen)
        until = sort_key(Position(wanted.until, FIRST_ID)) if wanted.until else sort_key(_END_OF_TIME)
        return CallItem.invoked_at.between(max(seen, since), until)


def calls(wanted: CallFilter, position: Position | None, limit: int, *, newer: bool) -> CallPage:
    """See `InvocationStore`."""
    found: list[InvocationEvent] = []
    further_queries = 0
    size = limit + 1 if wanted == CallFilter(skill=wanted.skill) else SEARCH_MAX
    opened = list(_open_partitions(wanted, position, newer=newer))
    heap = [(one.order(), number, one) for number, one in enumerate(opened)]
    heapq.heapify(heap)
    while heap and len(found) <= limit:
        _, number, nearest = heapq.heappop(heap)
        if nearest.read:
            found.append(nearest.read.popleft())
        elif further_queries >= QUERIES_MAX:
            return _page(found, nearest.edge, newer=newer, looked_through=sum(one.looked_through for one in opened))
        else:
            further_queries += nearest.looked_through > 0
            nearest.read_more(wanted, size)
        if nearest.read or not nearest.ended:
            heapq.heappush(heap, (nearest.order(), number, nearest))
    shown = found[:limit]
    return _page(shown, Position(shown[-1].invoked_at, shown[-1].id) if len(found) > limit else None, newer=newer)


def _page(
    found: list[InvocationEvent], following: Position | None, *, newer: bool, looked_through: int | None = None
) -> CallPage:
    return CallPage(found[::-1] if newer else found, following, looked_through)


def call(skill: str, position: Position) -> InvocationEvent | None:
    """See `InvocationStore`."""
    now = timezone.now()
    keys = [(name, sort_key(position)) for name in partitions(skill, settings.INVOCATION_LOG_SHARDS)]
    return next((event_of(item) for item in CallItem.batch_get(keys) if _is_unexpired(item, now)), None)


def _open_partitions(wanted: CallFilter, position: Position | None, *, newer: bool) -> Iterator[_Partition]:
    until = Position(wanted.until, FIRST_ID) if wanted.until else _END_OF_TIME
    edge = position or _END_OF_TIME
    for skill, last in [(wanted.skill, _END_OF_TIME)] if wanted.skill else _skills_called():
        if not _contains(skill, wanted.skill_contains):
            continue
        if (newer and last <= edge) or (wanted.since and last.invoked_at < wanted.since):
            continue
        for name in partitions(skill, settings.INVOCATION_LOG_SHARDS):
            yield _Partition(name, edge if newer else min(edge, until, last), newer=newer)


def _skills_called() -> Iterator[tuple[str, Position]]:
    """Yield every skill that was called, with a position right after its last call."""
    counters = CounterItem.scan(
        CounterItem.last_invoked_at.exists(), attributes_to_get=["skill_id", "last_invoked_at"], consistent_read=True
    )
    for counter in counters:
        yield counter.skill_id, Position(parse_time(counter.last_invoked_at), LAST_ID)


def _is_unexpired(item: CallItem, now: datetime) -> bool:
    """Return whether a row has not expired; DynamoDB deletes expired rows late, sometimes by days."""
    return item.expires_at is None or item.expires_at > now


def _matches(event: InvocationEvent, wanted: CallFilter) -> bool:
    named = ("status", "method", "client", "caller", "version")
    return (
        all(getattr(event, name) == value for name in named if (value := getattr(wanted, name)))
        and all(_contains(getattr(event, name), text) for name, text in wanted.contained.items())
        and (not wanted.slower_than or event.duration_ms > wanted.slower_than)
        and (_contains(event.error_message, wanted.text) or _contains(event.request_params, wanted.text))
    )


def _contains(text: str, part: str) -> bool:
    return part.casefold() in text.casefold()
