"""The catalog read from DynamoDB: gateways need no SQL database, and start from one query."""

from __future__ import annotations

import json

from django.conf import settings
from pynamodb.exceptions import DoesNotExist

from invocations.dynamo import as_unavailable
from skills_registry import storage
from skills_registry.disk_cache import DiskCache

from .base import Changes, PublishedFile, PublishedSkill, Remembered
from .tables import HEAD, HeadItem, SkillItem, fingerprint

ACTIVE = "active"


class DynamoCatalog:
    """See `Catalog`; generations here are the head item's revisions.

    The index is eventually consistent. What it returns is believed only if number and checksum of
    its skills are those that the head item has (which is read consistently); otherwise the whole
    table is read consistently instead.
    """

    def __init__(self) -> None:
        self._cache = DiskCache(settings.SKILL_CACHE_DIR, settings.SKILL_CACHE_BYTES)

    def generation(self) -> int:
        return int(self._head().revision)

    def changes_since(self, generation: int) -> Changes:
        head = self._head()
        kept = [(int(revision), name) for revision, name in head.changes]
        reached = int(head.revision)
        if 0 < generation <= reached and (not kept or kept[0][0] <= generation + 1):
            return self._changed(reached, {name for revision, name in kept if revision > generation})
        return Changes(reached, [_published(item) for item in self._all(head)], [], complete=True)

    def kept_file(self, file: PublishedFile) -> bytes | None:
        return self._cache.get(file.sha256)

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        content = self._cache.get(file.sha256)
        if content is None:
            content = storage.read_file(skill.name, skill.version, file.path)
            self._cache.put(file.sha256, content)
        return content

    def _changed(self, reached: int, names: set[str]) -> Changes:
        with as_unavailable():
            items = list(SkillItem.batch_get(names, consistent_read=True)) if names else []
        published = [_published(item) for item in items if item.status == ACTIVE]
        return Changes(reached, published, sorted(names - {skill.name for skill in published}))

    def _all(self, head: HeadItem) -> list[SkillItem]:
        with as_unavailable():
            found = list(SkillItem.status_index.query(ACTIVE))
            checksum = sum(fingerprint(item.skill_id, int(item.generation)) for item in found)
            if (len(found), checksum) == (int(head.live), int(head.checksum)):
                return found
            return list(SkillItem.scan(SkillItem.status == ACTIVE, consistent_read=True))

    def _head(self) -> HeadItem:
        with as_unavailable():
            try:
                return HeadItem.get(HEAD, consistent_read=True)
            except DoesNotExist:
                return HeadItem(HEAD)


def remembered(name: str) -> Remembered | None:
    """What the table holds of a skill, for a registry that was lost; None where it has nothing."""
    with as_unavailable():
        item = next(iter(SkillItem.batch_get([name], consistent_read=True)), None)
    if item is None or item.generation is None:  # calls may be counted of what was never published
        return None
    published_at = json.loads(item.manifest_json)["published_at"] if item.manifest_json else None
    return Remembered(
        int(item.generation),
        item.version,
        item.status,
        published_at,
        all_versions=tuple(item.all_versions or ()),
        tags=tuple(item.tags or ()),
    )


def _published(item: SkillItem) -> PublishedSkill:
    manifest = json.loads(item.manifest_json)
    return PublishedSkill(
        name=item.skill_id,
        version=manifest["version"],
        description=item.description or "",
        frontmatter=manifest["frontmatter"],
        files=tuple(PublishedFile(**file) for file in manifest["files"]),
        published_at=manifest["published_at"],
        tags=tuple(item.tags or ()),
    )
