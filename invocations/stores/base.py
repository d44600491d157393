"""What every store of calls can do, and the values it deals in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from invocations.events import InvocationEvent
from invocations.usage import Summary, Use

ALL = ""
"""In place of a skill's name: all skills together."""
DAYS_KEPT = 400
"""Calls a day stay known for so long: a year and a month, whatever is kept of the calls themselves."""


@dataclass(frozen=True)
class Totals:
    """How often a skill was called, how often that failed, and when last."""

    calls: int = 0
    errors: int = 0
    last_call: datetime | None = None


@dataclass(frozen=True)
class Counter:
    """A store's count of a skill's calls; `imported_*` is the part that came from another store.

    Each store only ever counts its own part, so totals can be carried to and fro, in any order and
    as often as one likes, without counting a call twice.
    """

    skill: str
    calls: int
    errors: int
    last_call: datetime | None
    imported_calls: int = 0
    imported_errors: int = 0

    @property
    def own_calls(self) -> int:
        """The calls that were counted here."""
        return self.calls - self.imported_calls

    @property
    def own_errors(self) -> int:
        """The failed ones among them."""
        return self.errors - self.imported_errors


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in the log, which is ordered by time and then by id."""

    invoked_at: datetime
    id: UUID


FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
"""With a moment, the places before and after all calls of it."""


@dataclass(frozen=True)
class CallFilter:
    """Which calls are wanted; what is empty does not matter. `since` is included, `until` is not.

    What `..._contains` and `text` say may stand anywhere, in upper or lower case; `text` in the error message or the
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
        """What the fields have to contain, by field."""
        texts = {"skill": self.skill_contains, "client": self.client_contains, "caller": self.caller_contains}
        return {name: text for name, text in texts.items() if text}


@dataclass(frozen=True)
class CallPage:
    """Some calls, the newest first; `next` is where to go on in the direction asked for, None at the log's end.

    A page may hold fewer calls than were asked for and still have a next one, where a filter leaves
    out so much that looking further would take too long; it had `looked_through` so many by then.
    """

    calls: Sequence[InvocationEvent]
    next: Position | None
    looked_through: int | None = None


@dataclass(frozen=True)
class HourCounts:
    """Calls by the moment at which their hour of UTC began; only the newest ones where they are not `complete`."""

    uses: Mapping[datetime, Use]
    complete: bool


class InvocationStore(Protocol):
    """The log and the counters. All methods block; they raise OSError or DatabaseError where the store is away."""

    counts_hours: bool
    """Whether `hours` has an answer."""

    def write_batch(self, events: Sequence[InvocationEvent]) -> None:
        """Log events and count them, by skill and by day, each exactly once however often it is given."""
        ...

    def totals(self, skills: Iterable[str]) -> dict[str, Totals]:
        """The totals of these skills; zeros for one that was never called."""
        ...

    def days(self, skills: Iterable[str], since: date, until: date) -> dict[str, dict[date, Use]]:
        """The calls of these skills (or of ALL) on each day on which there were any; `until` is the last day."""
        ...

    def hours(self, skill: str, since: datetime, count: int) -> HourCounts | None:
        """The calls of a skill (or of ALL) in so many hours since a full one; None where only days are counted."""
        ...

    def called_since(self, day: date) -> set[str]:
        """The names of all skills that were called on a day of UTC or later."""
        ...

    def uses(self, since: date, until: date) -> dict[str, Use]:
        """Every skill that was called in these days, and how often."""
        ...

    def calls(self, wanted: CallFilter, position: Position | None, limit: int, *, newer: bool = False) -> CallPage:
        """The newest calls that are wanted and older than a position; expired ones are left out.

        With `newer`, the oldest of those that are newer than the position, which then there must be.
        """
        ...

    def summary(self, wanted: CallFilter, limit: int) -> Summary | None:
        """The newest wanted calls together, `limit` at the most; None where that would read all of each."""
        ...

    def call(self, skill: str, position: Position) -> InvocationEvent | None:
        """One call, or None where there is none or it has expired."""
        ...

    def prune(self) -> int:
        """Remove expired calls and days where the store does not do that by itself; how many calls."""
        ...

    def counters(self) -> Iterator[Counter]:
        """Every counter there is."""
        ...

    def import_counter(self, counter: Counter) -> None:
        """Make another store's own count the imported part of this store's counter."""
        ...
