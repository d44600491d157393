"""The catalog in DynamoDB: gateways need no SQL database, and start with one query."""

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
from skills_registry.store.records import is_timestamp

from .base import Changes, PublishedFile, PublishedSkill, RecoveryState
from .items import DamagedItem, parse_manifest, parse_reference, published_skill
from .manifests import WAIT_SECONDS, ManifestKey, ManifestReader
from .tables import ACTIVE, HEAD, Head, HeadItem, SkillItem

log = logging.getLogger(__name__)

_LABEL = re.compile(r"v([1-9][0-9]{0,8})")


class DynamoCatalog:
    """See `Catalog`; its generations are the revisions of the head item.

    The index is eventually consistent. Its result is used only if the number and checksum of its skills match
    the head item, which is read consistently; otherwise the table is scanned consistently. A damaged item is
    not served; all others are.
    """

    def __init__(self) -> None:
        self._cache = DiskCache(settings.SKILL_CACHE_DIR, settings.SKILL_CACHE_BYTES)
        self._manifests = ManifestReader(self._cache)
        self._unfinished: set[str] = set()
        """Skills whose manifest has not been read yet."""

    def generation(self) -> int:
        return self._head().revision

    def is_incomplete(self) -> bool:
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

    def cached_file(self, file: PublishedFile) -> bytes | None:
        return self._cache.get(file.sha256)

    def read_file(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        content = self._cache.get(file.sha256)
        if content is None:
            content = package_store.read_file(skill.name, skill.version, file.path)
            self._cache.put(file.sha256, content)
        return content

    def _published(self, items: Iterable[SkillItem]) -> Iterator[PublishedSkill]:
        until = time.monotonic() + WAIT_SECONDS
        for item in items:
            try:
                if (skill := self._parse_item(item, until)) is not None:
                    yield skill
            except DamagedItem as damaged:
                log.error("a damaged item in the catalog; its skill is not served: %s", damaged)

    def _parse_item(self, item: SkillItem, until: float) -> PublishedSkill | None:
        """Build the skill; None if its manifest has not been read yet. Raises DamagedItem."""
        where = parse_reference(item)
        if where is None:
            manifest = parse_manifest(item, item.manifest_json)
            return published_skill(item, manifest, str(manifest.get("published_at", "")))
        content = self._manifests.get(ManifestKey(item.skill_id, version_number(item.version), where["sha256"]), until)
        if content is None:
            self._unfinished.add(item.skill_id)
            return None
        return published_skill(item, parse_manifest(item, content), where["published_at"])

    def _all(self, head: Head) -> list[SkillItem]:
        with translate_errors():
            found = list(SkillItem.status_index.query(ACTIVE))
            return (
                found if head.matches(found) else list(SkillItem.scan(SkillItem.status == ACTIVE, consistent_read=True))
            )

    def _head(self) -> Head:
        with translate_errors():
            try:
                return HeadItem.get(HEAD, consistent_read=True).state()
            except DoesNotExist:
                return Head()


def read_recovery_state(name: str) -> RecoveryState | None:
    """Read a skill's state from the table, for rebuilding; None if there is none. Raises DamagedItem."""
    with translate_errors():
        item = next(iter(SkillItem.batch_get([name], consistent_read=True)), None)
    if item is None:
        return None
    if item.damaged:
        raise DamagedItem(f"{name}: {', '.join(item.damaged)} cannot be read")
    if not item.generation:  # never published; the item holds only counters of calls
        return None
    if item.known_generation is None:
        raise DamagedItem(f"{name}: generation is not a whole number")
    return RecoveryState(
        item.known_generation,
        item.version,
        item.status,
        _published_at(item),
        all_versions=tuple(map(str, item.all_versions or ())),
        tags=tuple(map(str, item.tags or ())),
    )


def version_number(label: str | None) -> int:
    """The number of `v3`; 0 for none."""
    match = _LABEL.fullmatch(label or "")
    return int(match[1]) if match else 0


def _published_at(item: SkillItem) -> str | None:
    if not item.version:
        return None
    where = parse_reference(item)
    try:
        said = where["published_at"] if where else json.loads(item.manifest_json or "")["published_at"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DamagedItem(f"{item.skill_id}: manifest_json has no published_at") from None
    return said if is_timestamp(said) else None
