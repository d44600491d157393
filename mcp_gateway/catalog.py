"""This process's view of the published catalog: an immutable snapshot, and the only crossing to storage."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from skills_registry.catalog import Catalog, Changes, PublishedFile, PublishedSkill, catalog_changed, get_catalog

from .file_cache import FileCache
from .uris import SKILL_MD, file_uri

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot:
    """All that is published in one generation; a request is answered from one snapshot alone."""

    generation: int = -1
    skills: Mapping[str, PublishedSkill] = field(default_factory=dict)
    files: Mapping[str, tuple[PublishedSkill, PublishedFile]] = field(default_factory=dict)
    """Every file by its `skill://` URI."""
    _built: dict[Any, Any] = field(default_factory=dict, compare=False)

    def once(self, key: Any, build: Callable[[], T]) -> T:
        """Something derived from this snapshot, built when first asked for and kept as long as it lives."""
        if key not in self._built:
            self._built[key] = build()
        value: T = self._built[key]
        return value

    def updated(self, changes: Changes) -> Snapshot:
        """The snapshot after some changes; shares everything that did not change."""
        gone = {*changes.withdrawn, *(skill.name for skill in changes.published)}
        skills = {name: skill for name, skill in self.skills.items() if name not in gone}
        files = {uri: entry for uri, entry in self.files.items() if entry[0].name not in gone}
        for skill in changes.published:
            skills[skill.name] = skill
            files |= {file_uri(skill.name, file.path): (skill, file) for file in skill.files}
        return Snapshot(changes.generation, dict(sorted(skills.items())), dict(sorted(files.items())))


class LiveCatalog:
    """Hands out the snapshot of the newest generation, asking the catalog at most every `refresh_seconds`."""

    def __init__(self, catalog: Catalog, *, refresh_seconds: float, cache_bytes: int) -> None:
        self._catalog = catalog
        self._refresh_seconds = refresh_seconds
        self._snapshot = Snapshot()
        self._checked_at = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None
        self._files = FileCache(cache_bytes)

    async def snapshot(self) -> Snapshot:
        """The present snapshot, never older than `refresh_seconds` while the catalog can be asked.

        While it cannot, the last snapshot goes on being served; only a process that never had one
        raises (DatabaseError or OSError).
        """
        if self._refreshing is None and time.monotonic() - self._checked_at > self._refresh_seconds:
            self._refreshing = asyncio.create_task(self._refresh())
        if self._refreshing is not None:
            await asyncio.shield(self._refreshing)
        return self._snapshot

    def expire(self) -> None:
        """Ask again at the next request: something has changed."""
        self._checked_at = float("-inf")

    async def read(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        """The bytes of a file, exactly as its digest says. Raises OSError, or DigestMismatch."""
        content = self._files.get(file.sha256)
        if content is None:
            content = await asyncio.to_thread(self._catalog.read_file, skill.name, skill.version, file.path)
            self._files.put(file.sha256, content)
        return content

    async def skill_md(self, skill: PublishedSkill) -> str:
        """The text of a skill's SKILL.md."""
        file = next(file for file in skill.files if file.path == SKILL_MD)
        return (await self.read(skill, file)).decode()

    async def _refresh(self) -> None:
        # Set before asking: a change that is announced meanwhile expires it again.
        self._checked_at = time.monotonic()
        try:
            self._snapshot = await database_sync_to_async(self._ask, thread_sensitive=False)()
        except (DatabaseError, OSError):
            if self._snapshot.generation < 0:
                raise
            log.warning("the catalog cannot be asked; generation %d goes on being served", self._snapshot.generation)
        finally:
            self._refreshing = None

    def _ask(self) -> Snapshot:
        """The snapshot to serve from now on: the present one where nothing changed."""
        present, generation = self._snapshot, self._catalog.generation()
        if generation == present.generation:
            return present
        if generation < present.generation:  # the registry was restored from a backup
            present = Snapshot()
        return present.updated(self._catalog.changes_since(max(present.generation, 0)))


live_catalog = LiveCatalog(
    get_catalog(), refresh_seconds=settings.MCP_REFRESH_SECONDS, cache_bytes=settings.MCP_FILE_CACHE_BYTES
)


def _on_catalog_changed(**_: Any) -> None:
    live_catalog.expire()


catalog_changed.connect(_on_catalog_changed, dispatch_uid="mcp_gateway.catalog")
