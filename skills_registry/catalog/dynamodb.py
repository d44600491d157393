"""The catalog read from DynamoDB: gateways need no SQL database, and start from one query."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterable, Iterator

from django.conf import settings
from pynamodb.exceptions import DoesNotExist

from invocations.aws.dynamo import translate_errors
from skills_registry.store import package_store
from skills_registry.store.disk_cache import DiskCache
from skills_registry.store.records import is_moment

from .base import Changes, PublishedFile, PublishedSkill, Remembered
from .items import DamagedItem, manifest_of, published_skill, reference
from .manifests import PATIENCE_SECONDS, Manifests, Wanted
from .tables import ACTIVE, HEAD, Head, HeadItem, SkillItem

log = logging.getLogger(__name__)

_LABEL = re.compile(r"v([1-9][0-9]{0,8})")


class DynamoCatalog:
    """See `Catalog`; generations here are the head item's revisions.

    The index is eventually consistent. What it returns is believed only if number and checksum of
    its skills are those that the head item has (which is read consistently); otherwise the whole
    table is read consistently instead. An item that cannot be understood is not served, and no reason
    not to serve the others.
    """

    def __init__(self) -> None:
        self._cache = DiskCache(settings.SKILL_CACHE_DIR, settings.SKILL_CACHE_BYTES)
        self._manifests = Manifests(self._cache)
        self._unfinished: set[str] = set()
        """Skills whose manifest is not here yet."""

    def generation(self) -> int:
        return self._head().revision

    def is_unfinished(self) -> bool:
        return bool(self._unfinished)

    def changes_since(self, generation: int) -> Changes:
        head = self._head()
        changed = head.changed_since(generation)
        if changed is None:
            self._unfinished = set()
            return Changes(head.revision, list(self._published(self._all(head))), [], complete=True)
        names = changed | self._unfinished
        self._unfinished = set()
        with translate_errors():
            items = list(SkillItem.batch_get(names, consistent_read=True)) if names else []
        published = list(self._published(item for item in items if item.status == ACTIVE))
        return Changes(head.revision, published, sorted(names - {skill.name for skill in published}))

    def kept_file(self, file: PublishedFile) -> bytes | None:
        return self._cache.get(file.sha256)

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        content = self._cache.get(file.sha256)
        if content is None:
            content = package_store.read_file(skill.name, skill.version, file.path)
            self._cache.put(file.sha256, content)
        return content

    def _published(self, items: Iterable[SkillItem]) -> Iterator[PublishedSkill]:
        until = time.monotonic() + PATIENCE_SECONDS
        for item in items:
            try:
                if (skill := self._understood(item, until)) is not None:
                    yield skill
            except DamagedItem as damaged:
                log.error("an item of the catalog is damaged, and its skill is not served: %s", damaged)

    def _understood(self, item: SkillItem, until: float) -> PublishedSkill | None:
        """The skill, None where its manifest is not here yet. Raises DamagedItem."""
        where = reference(item)
        if where is None:
            manifest = manifest_of(item, item.manifest_json)
            return published_skill(item, manifest, str(manifest.get("published_at", "")))
        content = self._manifests.get(Wanted(item.skill_id, number_of(item.version), where["sha256"]), until)
        if content is None:
            self._unfinished.add(item.skill_id)
            return None
        return published_skill(item, manifest_of(item, content), where["published_at"])

    def _all(self, head: Head) -> list[SkillItem]:
        with translate_errors():
            found = list(SkillItem.status_index.query(ACTIVE))
            return (
                found if head.counts(found) else list(SkillItem.scan(SkillItem.status == ACTIVE, consistent_read=True))
            )

    def _head(self) -> Head:
        with translate_errors():
            try:
                return HeadItem.get(HEAD, consistent_read=True).state()
            except DoesNotExist:
                return Head()


def remembered(name: str) -> Remembered | None:
    """What the table holds of a skill, for a registry that was lost; None where it has nothing. Raises DamagedItem."""
    with translate_errors():
        item = next(iter(SkillItem.batch_get([name], consistent_read=True)), None)
    if item is None:
        return None
    if item.damaged:
        raise DamagedItem(f"{name}: {', '.join(item.damaged)} cannot be read")
    if not item.generation:  # calls may be counted of what was never published
        return None
    if item.known_generation is None:
        raise DamagedItem(f"{name}: generation is not a whole number")
    return Remembered(
        item.known_generation,
        item.version,
        item.status,
        _published_at(item),
        all_versions=tuple(map(str, item.all_versions or ())),
        tags=tuple(map(str, item.tags or ())),
    )


def number_of(label: str | None) -> int:
    """The number of `v3`; 0 for none."""
    match = _LABEL.fullmatch(label or "")
    return int(match[1]) if match else 0


def _published_at(item: SkillItem) -> str | None:
    if not item.version:
        return None
    where = reference(item)
    try:
        said = where["published_at"] if where else json.loads(item.manifest_json or "")["published_at"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DamagedItem(f"{item.skill_id}: manifest_json does not say since when it is published") from None
    return said if is_moment(said) else None
