"""Batches of events -> rows, counts by day and counters, in one transaction.

Each row is put on the condition that it is not there. Whatever became of an earlier try - it was
applied and its answer lost, or it arrives only after this one - rows and counters change together
exactly once: a row that is there has been counted, and is left out of the next try. (A read after an
unclear failure would do where no try can be late; the condition needs neither.)
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.update import Action

from invocations.aws.dynamo import connection, unavailable
from invocations.events import InvocationEvent
from invocations.resilience.unavailable import StoreUnavailable

from . import dynamodb_months
from .dynamodb_keys import item_of, moment
from .tables import CallItem, CounterItem

ACTIONS_MAX = 100
"""A transaction of DynamoDB's takes as many."""
TRIES = 8
NAME_MAX = 64
KNOWN = "ConditionalCheckFailed"
_PASSING = {KNOWN, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons of a cancelled transaction for which it is tried again."""
_WRONG = {"ValidationError", "ItemCollectionSizeLimitExceeded"}


def write_batch(events: Sequence[InvocationEvent]) -> None:
    """See `InvocationStore`. Raises ValueError for events that DynamoDB will never take."""
    named = (event if (name := _name(event.skill)) == event.skill else replace(event, skill=name) for event in events)
    for part in _transactions(named):
        _write(part)


def _name(skill: str) -> str:
    """A skill's name as a key: `#` sets off the shard, and what no skill is called may hold anything."""
    return skill.replace("#", "-")[:NAME_MAX] or "-"


def _transactions(events: Iterable[InvocationEvent]) -> Iterator[list[InvocationEvent]]:
    """Parts that fit into one transaction each: an action for a row, and one for each item that counts it."""
    part: list[InvocationEvent] = []
    counted: set[tuple[str, str]] = set()
    for event in events:
        mine = {(event.skill, "ever"), *dynamodb_months.items_of(event)}
        if len(part) + 1 + len(counted | mine) > ACTIONS_MAX:
            yield part
            part, counted = [], set()
        part.append(event)
        counted |= mine
    if part:
        yield part


def _write(events: list[InvocationEvent]) -> None:
    """Try until everything is there; each answer tells what is there already, or that others were at it."""
    overtaken: set[str] = set()
    tries = 0
    while events and (reasons := _try_write(events, overtaken)):
        new, late = _learnt(events, reasons)
        if len(new) == len(events) and late <= overtaken:
            tries += 1
            if tries == TRIES:
                raise StoreUnavailable(f"{len(events)} calls met others' writes {TRIES} times")
            time.sleep(random.uniform(0, 0.02 * 2**tries))  # noqa: S311  # not a secret
        events, overtaken = new, overtaken | late


def _try_write(events: list[InvocationEvent], overtaken: set[str]) -> list[str | None]:
    """Write all or nothing; why not, for each action, or nothing where it was written."""
    try:
        _transact(events, overtaken)
    except TransactWriteError as error:
        reasons = [reason.code if reason else None for reason in error.cancellation_reasons]
        if set(reasons) & _WRONG:
            raise ValueError(f"DynamoDB refuses an item: {error}") from error
        if not set(reasons) & _PASSING:
            raise unavailable(error) from error
        return reasons
    except PynamoDBException as error:
        raise unavailable(error) from error
    return []


def _learnt(events: list[InvocationEvent], reasons: list[str | None]) -> tuple[list[InvocationEvent], set[str]]:
    """The events that are not there yet, and the skills of which somebody has logged a later call."""
    failed = [code == KNOWN for code in reasons]
    new = [event for event, known in zip(events, failed, strict=False) if not known]
    return new, {skill for skill, late in zip(_skills(events), failed[len(events) :], strict=False) if late}


def _transact(events: list[InvocationEvent], overtaken: set[str]) -> None:
    shards, ttl_days = settings.INVOCATION_LOG_SHARDS, settings.INVOCATION_LOG_TTL_DAYS
    puts = [
        {
            "TableName": CallItem.Meta.table_name,
            "Item": item_of(event, shards=shards, ttl_days=ttl_days),
            "ConditionExpression": "attribute_not_exists(skill_id)",
        }
        for event in events
    ]
    counts = [
        _count(skill, [event for event in events if event.skill == skill], skill in overtaken)
        for skill in _skills(events)
    ]
    connection().transact_write_items([], [], puts, [*counts, *dynamodb_months.counts(events)])


def _skills(events: Sequence[InvocationEvent]) -> list[str]:
    """In one order everywhere, for the answer's reasons come in that of the transaction."""
    return sorted({event.skill for event in events})


def _count(skill: str, events: list[InvocationEvent], overtaken: bool) -> dict[str, Any]:
    """The update that counts a skill's events; the time of the last call stays where a later one has been logged."""
    last = moment(max(event.invoked_at for event in events))
    actions: list[Action] = [
        CounterItem.invocation_count.add(len(events)),
        CounterItem.error_count.add(sum(event.status == "error" for event in events)),
    ]
    condition = None
    if not overtaken:
        actions.append(CounterItem.last_invoked_at.set(last))
        condition = CounterItem.last_invoked_at.does_not_exist() | (CounterItem.last_invoked_at < last)
    return CounterItem(skill).get_update_kwargs_from_instance(actions, condition)
