"""The DynamoDB store: calls and daily counts in `mcp-invocation-logs`, counters in `mcp-skills`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from invocations.aws.dynamo import translate_errors
from invocations.events import InvocationEvent
from invocations.usage import Summary, Use, today

from . import dynamodb_counters, dynamodb_months, dynamodb_reading, dynamodb_writing
from .base import CallFilter, CallPage, Counter, HourCounts, Position, Totals


class DynamoStore:
    """See `InvocationStore`."""

    counts_hours = False

    def write_batch(self, events: Sequence[InvocationEvent]) -> None:
        dynamodb_writing.write_batch(events)

    def totals(self, skills: Iterable[str]) -> dict[str, Totals]:
        with translate_errors():
            return dynamodb_counters.totals(skills)

    def days(self, skills: Iterable[str], since: date, until: date) -> dict[str, dict[date, Use]]:
        with translate_errors():
            return dynamodb_months.days(skills, since, until)

    def hours(self, skill: str, since: datetime, count: int) -> HourCounts | None:
        return None  # would have to read every call

    def called_since(self, day: date) -> set[str]:
        return set(self.uses(day, today()))

    def uses(self, since: date, until: date) -> dict[str, Use]:
        with translate_errors():
            return dynamodb_months.uses(since, until)

    def calls(self, wanted: CallFilter, position: Position | None, limit: int, *, newer: bool = False) -> CallPage:
        with translate_errors():
            return dynamodb_reading.calls(wanted, position, limit, newer=newer)

    def summary(self, wanted: CallFilter, limit: int) -> Summary | None:
        return None  # DynamoDB bills for whole items

    def call(self, skill: str, position: Position) -> InvocationEvent | None:
        with translate_errors():
            return dynamodb_reading.call(skill, position)

    def prune(self) -> int:
        return 0  # DynamoDB's TTL does it

    def counters(self) -> Iterator[Counter]:
        with translate_errors():
            yield from dynamodb_counters.counters()

    def import_counter(self, counter: Counter) -> None:
        with translate_errors():
            dynamodb_counters.import_counter(counter)
