"""Batch writes to DynamoDB: rows, daily counts and counters in one transaction.

Each row is put on the condition that it does not exist. Whatever happened to an earlier try (applied
with its answer lost, or arriving after this one), rows and counters change together
exactly once: an existing row has been counted, and is left out of the next try. (Reading after an
unclear failure would not detect a try that arrives late; the condition does.)
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

from invocations.aws.dynamo import connection, translate_error
from invocations.events import InvocationEvent
from invocations.resilience.unavailable import StoreUnavailable

from . import dynamodb_months
from .dynamodb_keys import format_time, item_of
from .tables import CallItem, CounterItem

ACTIONS_MAX = 100
"""DynamoDB's limit of actions per transaction."""
TRIES = 8
NAME_MAX = 64
ROW_EXISTS = "ConditionalCheckFailed"
_RETRYABLE = {ROW_EXISTS, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Cancellation reasons after which a transaction is retried."""
_INVALID = {"ValidationError", "ItemCollectionSizeLimitExceeded"}


def write_batch(events: Sequence[InvocationEvent]) -> None:
    """See `InvocationStore`. Raises ValueError for events that DynamoDB will never accept."""
    named = (
        event if (name := _key_name(event.skill)) == event.skill else replace(event, skill=name) for event in events
    )
    for part in _transactions(named):
        _write(part)


def _key_name(skill: str) -> str:
    """Return a skill's name as a key. `#` separates the shard, and names of unknown skills may hold anything."""
    return skill.replace("#", "-")[:NAME_MAX] or "-"


def _transactions(events: Iterable[InvocationEvent]) -> Iterator[list[InvocationEvent]]:
    """Split events so that each part fits one transaction: an action per row, and one per item that counts it."""
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
    """Retry until all events are written, leaving out rows that already exist."""
    overtaken: set[str] = set()
    tries = 0
    while events and (reasons := _try_write(events, overtaken)):
        new, late = _read_reasons(events, reasons)
        if len(new) == len(events) and late <= overtaken:
            tries += 1
            if tries == TRIES:
                raise StoreUnavailable(f"{len(events)} calls conflicted with other writes {TRIES} times")
            time.sleep(random.uniform(0, 0.02 * 2**tries))  # noqa: S311  # not a secret
        events, overtaken = new, overtaken | late


def _try_write(events: list[InvocationEvent], overtaken: set[str]) -> list[str | None]:
    """Write all or nothing; return [] on success, else the failure reason of each action."""
    try:
        _transact(events, overtaken)
    except TransactWriteError as error:
        reasons = [reason.code if reason else None for reason in error.cancellation_reasons]
        if set(reasons) & _INVALID:
            raise ValueError(f"DynamoDB rejected an item: {error}") from error
        if not set(reasons) & _RETRYABLE:
            raise translate_error(error) from error
        return reasons
    except PynamoDBException as error:
        raise translate_error(error) from error
    return []


def _read_reasons(events: list[InvocationEvent], reasons: list[str | None]) -> tuple[list[InvocationEvent], set[str]]:
    """Return the events that are not written yet, and the skills with a later call in the log."""
    failed = [code == ROW_EXISTS for code in reasons]
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
    """Return the skills in a fixed order, because failure reasons come in the order of the transaction."""
    return sorted({event.skill for event in events})


def _count(skill: str, events: list[InvocationEvent], overtaken: bool) -> dict[str, Any]:
    """Return the update that counts a skill's events; `overtaken` keeps the time of a later call."""
    last = format_time(max(event.invoked_at for event in events))
    actions: list[Action] = [
        CounterItem.invocation_count.add(len(events)),
        CounterItem.error_count.add(sum(event.status == "error" for event in events)),
    ]
    condition = None
    if not overtaken:
        actions.append(CounterItem.last_invoked_at.set(last))
        condition = CounterItem.last_invoked_at.does_not_exist() | (CounterItem.last_invoked_at < last)
    return CounterItem(skill).get_update_kwargs_from_instance(actions, condition)
