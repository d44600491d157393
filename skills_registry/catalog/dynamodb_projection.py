"""The registry's state of a skill -> its item in `mcp-skills` and the head item, in one transaction.

Idempotent, and right in any order: an item is only ever replaced by a newer generation. Item and
head change together or not at all, so the head always says truthfully what changed.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError
from pynamodb.transactions import TransactWrite

from invocations import deadline
from invocations.dynamo import StoreUnavailable, connection, unavailable
from skills_registry.models import Skill, SkillVersion

from .tables import CHANGES_KEPT, HEAD, HeadItem, SkillItem, fingerprint

TRIES = 30
_one_at_a_time = threading.Lock()
"""Writers of one process would only take the head from each other."""


def write(skill: Skill) -> None:
    """Bring the table in line with the registry. Raises StoreUnavailable.

    `skill` must be read `with_summary` and afresh; its generation orders it among other writes.
    """
    attributes = _attributes(skill)
    with _turn():
        for attempt in range(TRIES):
            try:
                if _try_write(skill, attributes):
                    return
            except PynamoDBException as error:
                raise unavailable(error) from error
            time.sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311  # not a secret
    raise unavailable(PynamoDBException(f"the head item was taken {TRIES} times by others"))


@contextmanager
def _turn() -> Iterator[None]:
    """Write alone in this process. Raises StoreUnavailable where the others take longer than there is time."""
    if not _one_at_a_time.acquire(timeout=min(deadline.remaining(), threading.TIMEOUT_MAX)):
        raise StoreUnavailable("others write the catalog's head, which takes too long")
    try:
        yield
    finally:
        _one_at_a_time.release()


def _try_write(skill: Skill, attributes: dict[str, Any]) -> bool:
    """Write item and head as changes of what is there now; False if somebody else wrote meanwhile."""
    item, head = _read(SkillItem, skill.name), _read(HeadItem, HEAD)
    known = item.generation if item and item.generation is not None else None
    if known is not None and known >= skill.generation:
        return True
    before = fingerprint(skill.name, int(known or 0)) if item and item.status == Skill.Status.ACTIVE else 0
    after = fingerprint(skill.name, skill.generation) if attributes["status"] == Skill.Status.ACTIVE else 0
    revision = int(head.revision) if head else 0
    changes = [*(head.changes if head else []), [revision + 1, skill.name]][-CHANGES_KEPT:]
    actions = [getattr(SkillItem, name).set(value) for name, value in attributes.items() if value is not None]
    actions += [getattr(SkillItem, name).remove() for name, value in attributes.items() if value is None]
    try:
        with TransactWrite(connection=connection()) as transaction:
            transaction.update(
                SkillItem(skill.name),
                actions=actions,
                condition=SkillItem.generation.does_not_exist() if known is None else SkillItem.generation == known,
            )
            transaction.update(
                HeadItem(HEAD),
                actions=[
                    HeadItem.revision.set(revision + 1),
                    HeadItem.live.set((int(head.live) if head else 0) + bool(after) - bool(before)),
                    HeadItem.checksum.set((int(head.checksum) if head else 0) + after - before),
                    HeadItem.changes.set(changes),
                ],
                condition=HeadItem.revision == revision if head else HeadItem.revision.does_not_exist(),
            )
    except TransactWriteError as error:
        reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
        if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
            return False
        raise
    return True


def _read(model: Any, key: str) -> Any:
    try:
        return model.get(key, consistent_read=True)
    except DoesNotExist:
        return None


def _attributes(skill: Skill) -> dict[str, Any]:
    """The item's metadata; None removes an attribute. Counters are not among them."""
    versions = list(skill.versions.ready().order_by("number").select_related("uploaded_by"))
    shown = skill.live_version or (versions[-1] if versions else None)
    live = skill.live_version
    return {
        "name": skill.name,
        "description": shown.description if shown else None,
        "version": live.label if live else None,
        # Readers of the table know three states; a deleted skill is one that is not served.
        "status": str(Skill.Status.INACTIVE if skill.deleted_at else skill.status),
        "s3_key": f"{settings.S3_SKILLS_PREFIX}{skill.name}/{live.label}/" if live else None,
        "manifest_json": _manifest(skill, live) if live else None,
        "author": _author(shown) if shown else None,
        "tags": skill.tags or None,
        "created_at": skill.created_at.isoformat(),
        "updated_at": skill.updated_at.isoformat(),
        "all_versions": [version.label for version in versions],
        "generation": skill.generation,
    }


def _manifest(skill: Skill, live: SkillVersion) -> str:
    manifest = {
        "version": live.number,
        "digest": live.digest,
        "frontmatter": live.frontmatter,
        "files": live.files,
        "published_at": skill.published_at.isoformat() if skill.published_at else "",
    }
    return json.dumps(manifest, ensure_ascii=False, separators=(",", ":"))


def _author(version: SkillVersion) -> str | None:
    """Who the frontmatter says wrote it, else who uploaded it."""
    metadata = version.frontmatter.get("metadata")
    named = metadata.get("author") if isinstance(metadata, dict) else None
    if isinstance(named, str) and named:
        return named
    return version.uploaded_by.get_username() if version.uploaded_by else None
