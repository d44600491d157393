"""The table `mcp-skills`: an item for each skill, and one head item. The seed's attributes, and ours.

Metadata and counters live in the same item and never touch each other: the projection sets
attributes by name, the recorder adds to `invocation_count`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from pynamodb.attributes import JSONAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from invocations.dynamo import Connected, Table

HEAD = "_head"
"""Key of the head item; no skill can have this name."""
CHANGES_KEPT = 100
"""Few, since every look at the head reads them; who is further behind reads everything."""


class StatusIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB leaves it untyped
    """Skills by status, the last changed last. Eventually consistent, as every such index is."""

    class Meta:
        index_name = "status-index"
        projection = AllProjection()

    status = UnicodeAttribute(hash_key=True)
    updated_at = UnicodeAttribute(range_key=True)


class SkillItem(Table):
    """A skill as gateways, other tools and a rebuild find it; timestamps are ISO 8601."""

    class Meta(Connected):
        table_name = settings.DYNAMODB_SKILLS_TABLE
        billing_mode = "PAY_PER_REQUEST"

    skill_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    description = UnicodeAttribute(null=True)
    version = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    s3_key = UnicodeAttribute(null=True)
    manifest_json = UnicodeAttribute(null=True)
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


class HeadItem(Table):
    """What changed last: `revision` counts changes of the table, `changes` names the newest ones.

    `live` counts the active skills and `checksum` adds up their fingerprints, so that a reader of the
    index can tell whether what it read is all there is.
    """

    class Meta(Connected):
        table_name = settings.DYNAMODB_SKILLS_TABLE

    skill_id = UnicodeAttribute(hash_key=True, default=HEAD)
    revision = NumberAttribute(default=0)
    live = NumberAttribute(default=0)
    checksum = NumberAttribute(default=0)
    changes = JSONAttribute(default=list)


def fingerprint(skill: str, generation: int) -> int:
    """A number of 64 bits for a skill in a generation; different ones do not add up to the same by accident."""
    return int.from_bytes(hashlib.sha256(f"{skill}\0{generation}".encode()).digest()[:8])
