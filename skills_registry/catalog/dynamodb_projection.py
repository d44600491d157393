"""Writes a skill's item in `mcp-skills` and the head item, in one transaction.

Writes are idempotent and may come in any order: only a newer generation replaces an item. Item and head
change together, so the head always names what changed.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from invocations.aws.damaged_items import LenientModel
from invocations.aws.dynamo import connection, translate_error
from invocations.resilience import deadline
from invocations.resilience.unavailable import StoreUnavailable
from skills_registry.models import Skill
from skills_registry.store import package_store
from skills_registry.store.records import is_plausible_generation

from .items import item_attributes, large_manifest
from .tables import ACTIVE, CHANGES_KEPT, HEAD, Head, HeadItem, SkillItem, count_active, fingerprint

ATTEMPTS_MAX = 30
METADATA = (
    "name", "description", "version", "status", "s3_key", "manifest_json", "manifest_ref", "author", "tags",
    "created_at", "updated_at", "all_versions", "generation",
)  # fmt: skip
"""An item's attributes, except counters."""
Update = tuple[Model, list[Action], Condition]
"""An item, its changes, and their condition."""
T = TypeVar("T")
M = TypeVar("M", bound=LenientModel)
_writer_lock = threading.Lock()
"""Concurrent writers of one process would only conflict on the head item."""


@dataclass(frozen=True)
class Written:
    """The item's generation after the write; `miscounted` if the head's counts may now be wrong."""

    generation: int
    miscounted: bool = False


def write(skill: Skill) -> int:
    """Write a skill to the table, and return the generation that its item then has. Raises OSError.

    `skill` must be freshly read `with_summary`; its generation orders it among other writes.
    """
    failure = _store_manifest(skill)
    wanted = item_attributes(skill)
    reached = _write_item(skill.name, skill.generation, wanted)
    if failure is not None:  # gateways wait for the manifest, but no longer serve the old version
        raise failure
    return reached


def withdraw(name: str) -> None:
    """Remove everything but the counters from the item of a skill that is not in the registry."""
    _write_item(name, None, dict.fromkeys(METADATA))


def recount() -> None:
    """Rewrite the head item's counts from the items."""
    _retry(lambda: _try_recount() or None)


def _store_manifest(skill: Skill) -> OSError | None:
    live = skill.live_version
    if live is None or (manifest := large_manifest(live)) is None:
        return None
    try:
        package_store.write_manifest(skill.name, live.number, manifest)
    except OSError as error:
        return error
    return None


def _retry(attempt: Callable[[], T | None]) -> T:
    """Repeat an attempt until no other writer interferes (until it returns a value)."""
    for number in range(ATTEMPTS_MAX):
        try:
            with _take_turn():
                reached = attempt()
        except PynamoDBException as error:
            raise translate_error(error) from error
        if reached is not None:
            return reached
        time.sleep(random.uniform(0, 0.02 * (number + 1)))  # noqa: S311  # not a secret
    raise translate_error(PynamoDBException(f"other writers changed the head item {ATTEMPTS_MAX} times"))


@contextmanager
def _take_turn() -> Iterator[None]:
    """Write alone in this process. Raises StoreUnavailable if the lock is not free before the deadline."""
    if not _writer_lock.acquire(timeout=min(deadline.remaining(), threading.TIMEOUT_MAX)):
        raise StoreUnavailable("other threads take too long to write the catalog's head")
    try:
        yield
    finally:
        _writer_lock.release()


def _write_item(name: str, generation: int | None, wanted: dict[str, Any]) -> int:
    written = _retry(lambda: _try_write(name, generation, wanted))
    if written.miscounted:
        recount()
    return written.generation


def _try_write(name: str, generation: int | None, wanted: dict[str, Any]) -> Written | None:
    """Write item and head once; None if another writer changed them meanwhile.

    Without a generation, the item is overwritten whatever its own is.
    """
    item, head = _read(SkillItem, name), _read(HeadItem, HEAD)
    known = item.known_generation if item else None
    is_forged = known is not None and generation is not None and not is_plausible_generation(known, generation)
    if generation is not None and known is not None and known >= generation and not is_forged:
        return Written(known)
    before = fingerprint(name, known or 0) if item and item.status == ACTIVE else 0
    after = fingerprint(name, generation or 0) if wanted["status"] == ACTIVE else 0
    state, revision = _head_state(head), _next_revision(head)
    on_item = [getattr(SkillItem, key).set(value) for key, value in wanted.items() if value is not None]
    on_item += [getattr(SkillItem, key).remove() for key, value in wanted.items() if value is None]
    live, checksum = state.live + bool(after) - bool(before), state.checksum + after - before
    written = _commit(
        (SkillItem(name), on_item, _unchanged_since_read(SkillItem.generation, item, "generation")),
        _head_update(head, revision, live, checksum, (*state.changes, (revision, name))),
    )
    if not written:
        return None
    unknown = item is not None and (bool(item.damaged) or (item.status == ACTIVE and (known is None or is_forged)))
    return Written(generation or 0, miscounted=unknown or not state.is_whole)


def _try_recount() -> bool:
    """Rewrite the counts once; False if another writer changed the head meanwhile."""
    head = _read(HeadItem, HEAD)
    live, checksum = count_active(SkillItem.scan(SkillItem.status == ACTIVE, consistent_read=True))
    return _commit(_head_update(head, _next_revision(head), live, checksum, _head_state(head).changes))


def _head_update(
    head: HeadItem | None, revision: int, live: int, checksum: int, changes: Sequence[tuple[int, str]]
) -> Update:
    actions: list[Action] = [
        HeadItem.revision.set(revision),
        HeadItem.live.set(max(live, 0)),
        HeadItem.checksum.set(max(checksum, 0)),
        HeadItem.changes.set([list(change) for change in changes[-CHANGES_KEPT:]]),
    ]
    return HeadItem(HEAD), actions, _unchanged_since_read(HeadItem.revision, head, "revision")


def _commit(*updates: Update) -> bool:
    """Make all changes or none; False if another writer changed an item meanwhile."""
    try:
        with TransactWrite(connection=connection()) as transaction:
            for item, actions, condition in updates:
                transaction.update(item, actions=actions, condition=condition)
    except TransactWriteError as error:
        reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
        if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
            return False
        raise
    return True


def _head_state(head: HeadItem | None) -> Head:
    return Head() if head is None else head.state()


def _next_revision(head: HeadItem | None) -> int:
    """The revision plus one; if it cannot be read, a number higher than any that gateways may have seen."""
    state = _head_state(head)
    return state.revision + 1 if state.is_whole or state.revision else int(time.time())


def _unchanged_since_read(attribute: Any, item: LenientModel | None, name: str) -> Condition:
    """Condition that an attribute is as it was read, even if it was missing or of a wrong type."""
    value = getattr(item, name, None)
    if item is not None and name in item.damaged:
        condition: Condition = ~attribute.is_type()
    elif not value:
        condition = attribute.does_not_exist() | (attribute == 0)
    else:
        condition = attribute == value
    return condition


def _read(model: type[M], key: str) -> M | None:
    try:
        return model.get(key, consistent_read=True)
    except DoesNotExist:
        return None
