"""The table `mcp-skills`: an item for each skill, and one head item.

Metadata and counters share an item without conflicts: the projection sets attributes by name, the recorder
adds to `invocation_count`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from pynamodb.attributes import JSONAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from invocations.aws.damaged_items import LenientModel
from invocations.aws.dynamo import ConnectionMeta
from skills_registry.store.records import is_number

ACTIVE = "active"
HEAD = "_head"
"""Key of the head item; no skill can have this name."""
CHANGES_KEPT = 100
"""Few, since each read of the head includes them; a gateway that is further behind reads everything."""


class StatusIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB leaves it untyped
    """Skills by status, ordered by time of change. Eventually consistent, like every global index."""

    class Meta:
        index_name = "status-index"
        projection = AllProjection()

    status = UnicodeAttribute(hash_key=True)
    updated_at = UnicodeAttribute(range_key=True)


class SkillItem(LenientModel):
    """A skill's item, read by gateways, other tools and a rebuild; timestamps are ISO 8601."""

    class Meta(ConnectionMeta):
        table_name = settings.DYNAMODB_SKILLS_TABLE
        billing_mode = "PAY_PER_REQUEST"

    skill_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    description = UnicodeAttribute(null=True)
    version = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    s3_key = UnicodeAttribute(null=True)
    manifest_json = UnicodeAttribute(null=True)
    manifest_ref = UnicodeAttribute(null=True)
    """Replaces `manifest_json` if that would not fit: JSON with `key`, `sha256` and `published_at`."""
    author = UnicodeAttribute(null=True)
    tags: ListAttribute[Any] = ListAttribute(null=True)
    invocation_count = NumberAttribute(null=True)
    error_count = NumberAttribute(null=True)
    last_invoked_at = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute(null=True)
    all_versions: ListAttribute[Any] = ListAttribute(null=True)
    generation = NumberAttribute(null=True)
    status_index = StatusIndex()

    @property
    def known_generation(self) -> int | None:
        """The generation; None if it is missing or invalid."""
        return int(self.generation) if is_number(self.generation) else None


class HeadItem(LenientModel):
    """The head item: `revision` counts changes of the table, `changes` names the newest ones.

    `live` is the number of active skills and `checksum` the sum of their fingerprints, so that a reader of the
    index can tell whether its result is complete.
    """

    class Meta(ConnectionMeta):
        table_name = settings.DYNAMODB_SKILLS_TABLE

    skill_id = UnicodeAttribute(hash_key=True, default=HEAD)
    revision = NumberAttribute(default=0)
    live = NumberAttribute(default=0)
    checksum = NumberAttribute(default=0)
    changes = JSONAttribute(default=list)

    def state(self) -> Head:
        """The head's valid values."""
        if self.damaged or not _is_whole(self):
            return Head(int(self.revision) if _is_natural(self.revision) else 0, is_whole=False)
        changes = tuple((int(revision), str(name)) for revision, name in self.changes)
        return Head(int(self.revision), int(self.live), int(self.checksum), changes)


@dataclass(frozen=True)
class Head:
    """The head item in Python types; if it is not whole, only `revision` may be set."""

    revision: int = 0
    live: int = 0
    checksum: int = 0
    changes: tuple[tuple[int, str], ...] = ()
    is_whole: bool = True

    def changed_since(self, revision: int) -> set[str] | None:
        """Names of skills that changed after a revision; None if not all of them are known."""
        if 0 < revision == self.revision:
            return set()
        if not 0 < revision < self.revision or not self.changes or self.changes[0][0] > revision + 1:
            return None
        return {name for at, name in self.changes if at > revision}

    def matches(self, items: Iterable[SkillItem]) -> bool:
        """Whether these are exactly the active skills."""
        return self.is_whole and (self.live, self.checksum) == count_active(items)


def count_active(items: Iterable[SkillItem]) -> tuple[int, int]:
    """The number of active skills among the items, and the sum of their fingerprints."""
    fingerprints = [fingerprint(item.skill_id, item.known_generation or 0) for item in items if item.status == ACTIVE]
    return len(fingerprints), sum(fingerprints)


def fingerprint(skill: str, generation: int) -> int:
    """A 64-bit hash of a skill and its generation; sums of different sets do not collide by accident."""
    return int.from_bytes(hashlib.sha256(f"{skill}\0{generation}".encode()).digest()[:8])


def _is_natural(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_whole(head: HeadItem) -> bool:
    numbers = (head.revision, head.live, head.checksum)
    return (
        all(map(_is_natural, numbers))
        and head.revision > 0
        and isinstance(head.changes, list)
        and all(map(_is_change, head.changes))
    )


def _is_change(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_natural(value[0]) and isinstance(value[1], str)
