"""The interface of an invocation store, and its value types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from invocations.events import InvocationEvent
from invocations.usage import Summary, Use

ALL = ""
"""Stands for all skills in place of a skill's name."""
DAYS_KEPT = 400
"""Days for which daily counts are kept (13 months), independent of how long calls are kept."""


@dataclass(frozen=True)
class Totals:
    """All-time calls and errors of a skill, and its last call."""

    calls: int = 0
    errors: int = 0
    last_call: datetime | None = None


@dataclass(frozen=True)
class Counter:
    """A store's counter of a skill; `imported_*` is the part that came from another store.

    Each store increments only its own part, so counters can be copied between stores in any order and
    any number of times without counting a call twice.
    """

    skill: str
    calls: int
    errors: int
    last_call: datetime | None
    imported_calls: int = 0
    imported_errors: int = 0

    @property
    def own_calls(self) -> int:
        """Calls counted by this store."""
        return self.calls - self.imported_calls

    @property
    def own_errors(self) -> int:
        """Failed calls counted by this store."""
        return self.errors - self.imported_errors


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A position in the log, which is ordered by time and id."""

    invoked_at: datetime
    id: UUID


FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
"""Together with a time, the positions before and after all calls at that time."""


@dataclass(frozen=True)
class CallFilter:
    """A filter of calls; empty fields match everything. `since` is inclusive, `until` exclusive.

    `..._contains` and `text` match substrings, ignoring case; `text` searches the error message and the
    parameters. `slower_than` is in milliseconds.
    """

    skill: str = ""
    status: str = ""
    method: str = ""
    client: str = ""
    caller: str = ""
    version: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    skill_contains: str = ""
    client_contains: str = ""
    caller_contains: str = ""
    text: str = ""
    slower_than: int = 0

    @property
    def contained(self) -> dict[str, str]:
        """Required substrings by field."""
        texts = {"skill": self.skill_contains, "client": self.client_contains, "caller": self.caller_contains}
        return {name: text for name, text in texts.items() if text}


@dataclass(frozen=True)
class CallPage:
    """A page of calls, newest first; `next` continues in the requested direction, None at the end of the log.

    A page may hold fewer calls than requested and still have a next one, if the filter matches so few
    calls that the search stopped early; `looked_through` is then the number of calls searched.
    """

    calls: Sequence[InvocationEvent]
    next: Position | None
    looked_through: int | None = None


@dataclass(frozen=True)
class HourCounts:
    """Calls by the start of their UTC hour; only the newest calls if not `complete`."""

    uses: Mapping[datetime, Use]
    complete: bool


class InvocationStore(Protocol):
    """The log and its counters. All methods block, and raise OSError or DatabaseError if the store is unavailable."""

    counts_hours: bool
    """Whether `hours` is supported."""

    def write_batch(self, events: Sequence[InvocationEvent]) -> None:
        """Log events and count them per skill and day. Idempotent: an event given again is not counted again."""
        ...

    def totals(self, skills: Iterable[str]) -> dict[str, Totals]:
        """Return the totals of these skills; zeros for one that was never called."""
        ...

    def days(self, skills: Iterable[str], since: date, until: date) -> dict[str, dict[date, Use]]:
        """Return the calls of these skills (or ALL) per day from `since` to `until` (inclusive), without empty days."""
        ...

    def hours(self, skill: str, since: datetime, count: int) -> HourCounts | None:
        """Return the calls of a skill (or ALL) in `count` hours from `since` (a full hour); None if unsupported."""
        ...

    def called_since(self, day: date) -> set[str]:
        """Return the names of all skills called on or after a UTC day."""
        ...

    def uses(self, since: date, until: date) -> dict[str, Use]:
        """Return the use of every skill called on these days (inclusive)."""
        ...

    def calls(self, wanted: CallFilter, position: Position | None, limit: int, *, newer: bool = False) -> CallPage:
        """Return the newest matching calls older than `position`, without expired ones.

        With `newer`, return the oldest matching calls newer than `position`, which is then required.
        """
        ...

    def summary(self, wanted: CallFilter, limit: int) -> Summary | None:
        """Summarize the newest matching calls, at most `limit`; None if that would read whole records."""
        ...

    def call(self, skill: str, position: Position) -> InvocationEvent | None:
        """Return one call, or None if it does not exist or has expired."""
        ...

    def prune(self) -> int:
        """Delete expired calls and days unless the store does that itself; return the number of calls deleted."""
        ...

    def counters(self) -> Iterator[Counter]:
        """Yield every counter."""
        ...

    def import_counter(self, counter: Counter) -> None:
        """Set the imported part of this store's counter to another store's own count."""
        ...
