"""This process's immutable snapshot of the published catalog. All storage access of the gateway goes through it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from invocations.resilience import deadline
from invocations.resilience.thread_pool import Pool
from skills_registry.catalog import (
    Audience,
    Catalog,
    Changes,
    PublishedFile,
    PublishedSkill,
    catalog_changed,
    get_catalog,
    instructions,
)

from . import providers
from .file_cache import FileCache
from .providers import NO_OFFERS, Offers, offers_changed
from .wire.uris import canonical_uri, file_uri

log = logging.getLogger(__name__)

T = TypeVar("T")

WAIT_SECONDS = 1.0
"""How long a request waits for an unresponsive catalog before it uses the previous snapshot."""
FIRST_WAIT_SECONDS = 20.0
"""The same while there is no previous snapshot."""
AUDIENCES_MAX = 100
"""How many filtered snapshots, with the lists built from them, are cached per generation."""


@dataclass(frozen=True)
class Snapshot:
    """Everything published in one generation. Each request uses exactly one snapshot."""

    generation: int = -1
    skills: Mapping[str, PublishedSkill] = field(default_factory=dict)
    files: Mapping[str, tuple[PublishedSkill, PublishedFile]] = field(default_factory=dict)
    """Every file by its `skill://` URI."""
    offers: Offers = NO_OFFERS
    """What providers offer besides skills; empty for restricted audiences."""
    _built: dict[Any, Any] = field(default_factory=dict, compare=False)
    _filtered: OrderedDict[Audience, Snapshot] = field(default_factory=OrderedDict, compare=False)

    def get_or_build(self, key: Any, build: Callable[[], T]) -> T:
        """Return a value derived from this snapshot; build it on first use and keep it."""
        if key not in self._built:
            self._built[key] = build()
        value: T = self._built[key]
        return value

    def file_at(self, uri: str) -> tuple[PublishedSkill, PublishedFile] | None:
        """Return the file with this URI, however it is escaped (see `uris.canonical_uri`)."""
        found = self.files.get(uri)
        if found is None:
            # Only escaped URIs have other forms than the listed one.
            listed = self.get_or_build("forms", lambda: {canonical_uri(one): one for one in self.files if "%" in one})
            form = canonical_uri(uri)
            found = self.files.get(listed.get(form, form))
        return found

    def visible_to(self, audience: Audience) -> Snapshot:
        """Return this snapshot filtered for an audience. The result is cached."""
        if not audience.restricted:
            return self
        found = self._filtered.get(audience)
        if found is None:
            found = self._filtered[audience] = self._filter(audience)
            if len(self._filtered) > AUDIENCES_MAX:
                self._filtered.popitem(last=False)
        else:
            self._filtered.move_to_end(audience)
        return found

    def apply(self, changes: Changes) -> Snapshot:
        """Return the snapshot after these changes; it shares everything that did not change."""
        gone = {*changes.withdrawn, *(skill.name for skill in changes.published)}
        if changes.complete:
            gone.update(self.skills)
        skills = {name: skill for name, skill in self.skills.items() if name not in gone}
        files = {uri: entry for uri, entry in self.files.items() if entry[0].name not in gone}
        for skill in changes.published:
            skills[skill.name] = skill
            files |= {file_uri(skill.name, file.path): (skill, file) for file in skill.files}
        return Snapshot(changes.generation, dict(sorted(skills.items())), dict(sorted(files.items())), self.offers)

    def with_offers(self, offers: Offers) -> Snapshot:
        """Return a snapshot with the same skills and other offers."""
        return Snapshot(self.generation, self.skills, self.files, offers)

    def _filter(self, audience: Audience) -> Snapshot:
        skills = {name: skill for name, skill in self.skills.items() if audience.includes(name, skill.tags)}
        files = {uri: entry for uri, entry in self.files.items() if entry[0].name in skills}
        return Snapshot(self.generation, skills, files)


class CatalogUnavailable(Exception):
    """The catalog has not answered since this process started."""


class DigestMismatch(Exception):
    """The store returned bytes that don't match the file's digest."""


class LiveCatalog:
    """Provides the newest snapshot, and polls the catalog at most every `refresh_seconds`.

    All methods except `expire` and `poll` must be called on one event loop.
    """

    def __init__(self, catalog: Catalog, *, refresh_seconds: float, cache_bytes: int) -> None:
        self._catalog = catalog
        self._refresh_seconds = refresh_seconds
        self._snapshot = Snapshot()
        self._polled_at = float("-inf")
        """Start of the last poll, successful or not."""
        self._answered_at = float("-inf")
        self._changed_at = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None
        self._wait_until = 0.0
        self._files = FileCache[bytes](cache_bytes)
        self._instructions = FileCache[str](cache_bytes)
        # One pool per dependency: one that hangs blocks only the requests that need it.
        self._catalog_pool = Pool("catalog", threads=2, waiting=8)
        self._local_pool = Pool("catalog-kept-files", threads=2, waiting=256)
        self._store_pool = Pool("catalog-files", threads=8, waiting=64)
        self._since: datetime | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def snapshot(self) -> Snapshot:
        """Return the current snapshot, at most `refresh_seconds` old while the catalog answers.

        While it does not answer, return the previous snapshot. Raises CatalogUnavailable if there is none.
        """
        wanted = max(time.monotonic() - self._refresh_seconds, self._changed_at)
        while self._polled_at < wanted:
            done, _ = await asyncio.wait({self._refresh()}, timeout=self._wait_seconds())
            if not done:
                break
        if self._snapshot.generation < 0:
            raise CatalogUnavailable
        return self._snapshot

    @property
    def generation(self) -> int | None:
        """The generation being served; None before the first."""
        return self._snapshot.generation if self._snapshot.generation >= 0 else None

    @property
    def since(self) -> datetime | None:
        """When this process began to serve that generation."""
        return self._since

    @property
    def age(self) -> float | None:
        """Seconds since the last successful poll; None before the first."""
        return time.monotonic() - self._answered_at if self.generation is not None else None

    def preload(self) -> None:
        """Start loading the catalog, so that the first request need not wait."""
        self._refresh()

    def poll(self) -> None:
        """Poll the catalog without a request; wait at most WAIT_SECONDS.

        May be called from any thread except the event loop's. Does nothing before `preload` or the first request.
        """
        if self._loop is not None and not self._loop.is_closed():
            polling = asyncio.run_coroutine_threadsafe(self._poll(), self._loop)
            with suppress(TimeoutError, CancelledError):
                polling.result(WAIT_SECONDS)

    async def _poll(self) -> None:
        await asyncio.shield(self._refresh())

    def expire(self) -> None:
        """Poll the catalog at the next request. May be called from any thread."""
        self._changed_at = time.monotonic()

    async def read(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        """Return a file's bytes, verified against its digest. Raises OSError and DigestMismatch.

        Takes at most MCP_DEADLINE_SECONDS.
        """
        content = self._files.get(file.sha256)
        if content is None:
            with deadline.within(settings.MCP_DEADLINE_SECONDS):
                content = await self._local_pool.run(self._catalog.cached_file, file)
                if content is None:
                    content = await self._store_pool.run(self._fetch, skill, file)
            self._files.put(file.sha256, content)
        return content

    async def instructions(self, skill: PublishedSkill) -> str:
        """Return a skill's SKILL.md without its frontmatter. Raises as `read` does."""
        file = skill.skill_md
        text = self._instructions.get(file.sha256)
        if text is None:
            text = instructions((await self.read(skill, file)).decode())
            self._instructions.put(file.sha256, text)
        return text

    def _fetch(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        content = self._catalog.read_file(skill, file)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise DigestMismatch(f"{skill.name} v{skill.version}: {file.path} does not match its digest")
        return content

    def _refresh(self) -> asyncio.Task[None]:
        """Return the refresh in progress, or start one. It is a separate task, so that no caller can cancel it."""
        if self._refreshing is None or self._refreshing.done():
            wait = WAIT_SECONDS if self._snapshot.generation >= 0 else FIRST_WAIT_SECONDS
            self._wait_until = time.monotonic() + wait
            self._loop = asyncio.get_running_loop()
            self._refreshing = asyncio.create_task(self._poll_catalog())
        return self._refreshing

    def _wait_seconds(self) -> float:
        """Return how many seconds to wait for a refresh."""
        return max(self._wait_until - time.monotonic(), 0)

    async def _poll_catalog(self) -> None:
        polled_at = time.monotonic()
        try:
            newest = await self._load_within_deadline()
            self._answered_at = polled_at
            if newest is not self._snapshot:
                self._snapshot, self._since = newest, datetime.now(UTC)
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("catalog unavailable, still serving generation %d: %r", self._snapshot.generation, error)
        except Exception:  # one broken publication must not stop all other skills from being served
            log.exception("invalid catalog data, still serving generation %d", self._snapshot.generation)
        finally:
            self._polled_at = polled_at

    async def _load_within_deadline(self) -> Snapshot:
        """Call `_load_newest` with a deadline of its own: the first request's must not end it for all that wait."""
        seconds = settings.MCP_DEADLINE_SECONDS
        newest = database_sync_to_async(self._load_newest, thread_sensitive=False, executor=self._catalog_pool)
        with deadline.override(seconds):
            async with asyncio.timeout(seconds):
                found: Snapshot = await newest()
        return found

    def _load_newest(self) -> Snapshot:
        """Return the newest snapshot; the current one if nothing changed."""
        current, generation = self._snapshot, self._catalog.generation()
        if current.offers is not providers.current():
            current = current.with_offers(providers.current())
        if generation == current.generation and not self._catalog.is_incomplete():
            return current
        if generation < current.generation:  # the registry was restored from a backup
            current = Snapshot(offers=current.offers)
        changes = self._catalog.changes_since(max(current.generation, 0))
        if changes.generation == current.generation and not changes.published:  # still unfinished
            return current
        return current.apply(changes)


live_catalog = LiveCatalog(
    get_catalog(), refresh_seconds=settings.MCP_REFRESH_SECONDS, cache_bytes=settings.MCP_FILE_CACHE_BYTES
)


def _on_catalog_changed(**_: Any) -> None:
    live_catalog.expire()


catalog_changed.connect(_on_catalog_changed, dispatch_uid="mcp_gateway.catalog")
offers_changed.connect(_on_catalog_changed, dispatch_uid="mcp_gateway.catalog")
