"""The registry's state of a skill -> its item in `mcp-skills` and the head item, in one transaction.

Idempotent, and right in any order: an item is only ever replaced by a newer generation. Item and
head change together or not at all, so the head always says truthfully what changed.
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
from invocations.aws.dynamo import StoreUnavailable, connection, translate_error
from invocations.resilience import deadline
from skills_registry.models import Skill
from skills_registry.store import package_store
from skills_registry.store.records import is_believable

from .items import attributes, large_manifest
from .tables import ACTIVE, CHANGES_KEPT, HEAD, Head, HeadItem, SkillItem, count, fingerprint

TRIES = 30
METADATA = (
    "name", "description", "version", "status", "s3_key", "manifest_json", "manifest_ref", "author", "tags",
    "created_at", "updated_at", "all_versions", "generation",
)  # fmt: skip
"""What an item has besides counters."""
Update = tuple[Model, list[Action], Condition]
"""An item, what is to change of it, and the condition."""
T = TypeVar("T")
M = TypeVar("M", bound=LenientModel)
_one_at_a_time = threading.Lock()
"""Writers of one process would only take the head from each other."""


@dataclass(frozen=True)
class Written:
    """The generation that an item has now; `miscounted` where what was there could not be counted."""

    generation: int
    miscounted: bool = False


def write(skill: Skill) -> int:
    """Bring the table in line with the registry; the generation that the item has then. Raises OSError.

    `skill` must be read `with_summary` and afresh; its generation orders it among other writes.
    """
    failure = _store_manifest(skill)
    wanted = attributes(skill)
    reached = _replace(skill.name, skill.generation, wanted)
    if failure is not None:  # the skill is not served before its manifest can be read, but what it replaced is gone
        raise failure
    return reached


def withdraw(name: str) -> None:
    """Remove everything but the counters from the item of a skill that the registry does not know."""
    _replace(name, None, dict.fromkeys(METADATA))


def recount() -> None:
    """Write the head item anew from the items."""
    _persistently(lambda: _try_recount() or None)


def _store_manifest(skill: Skill) -> OSError | None:
    live = skill.live_version
    if live is None or (manifest := large_manifest(live)) is None:
        return None
    try:
        package_store.write_manifest(skill.name, live.number, manifest)
    except OSError as error:
        return error
    return None


def _persistently(attempt: Callable[[], T | None]) -> T:
    """What an attempt returns that nobody came in between of."""
    for number in range(TRIES):
        try:
            with _turn():
                reached = attempt()
        except PynamoDBException as error:
            raise translate_error(error) from error
        if reached is not None:
            return reached
        time.sleep(random.uniform(0, 0.02 * (number + 1)))  # noqa: S311  # not a secret
    raise translate_error(PynamoDBException(f"the head item was taken {TRIES} times by others"))


@contextmanager
def _turn() -> Iterator[None]:
    """Write alone in this process. Raises StoreUnavailable where the others take longer than there is time."""
    if not _one_at_a_time.acquire(timeout=min(deadline.remaining(), threading.TIMEOUT_MAX)):
        raise StoreUnavailable("others write the catalog's head, which takes too long")
    try:
        yield
    finally:
        _one_at_a_time.release()


def _replace(name: str, generation: int | None, wanted: dict[str, Any]) -> int:
    written = _persistently(lambda: _try_write(name, generation, wanted))
    if written.miscounted:
        recount()
    return written.generation


def _try_write(name: str, generation: int | None, wanted: dict[str, Any]) -> Written | None:
    """Write item and head as changes of what is there now; None if somebody else wrote meanwhile.

    Without a generation, whatever is there is written over.
    """
    item, head = _read(SkillItem, name), _read(HeadItem, HEAD)
    known = item.known_generation if item else None
    is_forged = known is not None and generation is not None and not is_believable(known, generation)
    if generation is not None and known is not None and known >= generation and not is_forged:
        return Written(known)
    before = fingerprint(name, known or 0) if item and item.status == ACTIVE else 0
    after = fingerprint(name, generation or 0) if wanted["status"] == ACTIVE else 0
    state, revision = _state(head), _next_revision(head)
    on_item = [getattr(SkillItem, key).set(value) for key, value in wanted.items() if value is not None]
    on_item += [getattr(SkillItem, key).remove() for key, value in wanted.items() if value is None]
    live, checksum = state.live + bool(after) - bool(before), state.checksum + after - before
    written = _commit(
        (SkillItem(name), on_item, _unchanged(SkillItem.generation, item, "generation")),
        _head_update(head, revision, live, checksum, (*state.changes, (revision, name))),
    )
    if not written:
        return None
    unknown = item is not None and (bool(item.damaged) or (item.status == ACTIVE and (known is None or is_forged)))
    return Written(generation or 0, miscounted=unknown or not state.is_whole)


def _try_recount() -> bool:
    """False if somebody else wrote meanwhile."""
    head = _read(HeadItem, HEAD)
    live, checksum = count(SkillItem.scan(SkillItem.status == ACTIVE, consistent_read=True))
    return _commit(_head_update(head, _next_revision(head), live, checksum, _state(head).changes))


def _head_update(
    head: HeadItem | None, revision: int, live: int, checksum: int, changes: Sequence[tuple[int, str]]
) -> Update:
    actions: list[Action] = [
        HeadItem.revision.set(revision),
        HeadItem.live.set(max(live, 0)),
        HeadItem.checksum.set(max(checksum, 0)),
        HeadItem.changes.set([list(change) for change in changes[-CHANGES_KEPT:]]),
    ]
    return HeadItem(HEAD), actions, _unchanged(HeadItem.revision, head, "revision")


def _commit(*updates: Update) -> bool:
    """Make all of these changes; False where somebody else wrote meanwhile, and none was made."""
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


def _state(head: HeadItem | None) -> Head:
    return Head() if head is None else head.state()


def _next_revision(head: HeadItem | None) -> int:
    """One more; far ahead of all that gateways may have seen, where it cannot be read how far they are."""
    state = _state(head)
    return state.revision + 1 if state.is_whole or state.revision else int(time.time())


def _unchanged(attribute: Any, item: LenientModel | None, name: str) -> Condition:
    """The condition that an attribute is as it was read, be that nothing or something of a wrong type."""
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
