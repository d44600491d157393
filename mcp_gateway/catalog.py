"""This process's view of the published catalog: an immutable snapshot, and the only crossing to storage."""

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
from .wire.uris import canonical, file_uri

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_SECONDS = 1.0
"""How long requests wait for a catalog that does not answer before they get what was served last."""
FIRST_PATIENCE_SECONDS = 20.0
"""How long they wait where there is nothing that was served last."""
AUDIENCES_MAX = 100
"""For how many restricted audiences a generation is kept filtered, with the lists made of it."""


@dataclass(frozen=True)
class Snapshot:
    """All that is published in one generation; a request is answered from one snapshot alone."""

    generation: int = -1
    skills: Mapping[str, PublishedSkill] = field(default_factory=dict)
    files: Mapping[str, tuple[PublishedSkill, PublishedFile]] = field(default_factory=dict)
    """Every file by its `skill://` URI."""
    offers: Offers = NO_OFFERS
    """What the deployment offers besides skills; nothing to those for whom there are only some skills."""
    _built: dict[Any, Any] = field(default_factory=dict, compare=False)
    _filtered: OrderedDict[Audience, Snapshot] = field(default_factory=OrderedDict, compare=False)

    def once(self, key: Any, build: Callable[[], T]) -> T:
        """Something derived from this snapshot, built when first asked for and kept as long as it lives."""
        if key not in self._built:
            self._built[key] = build()
        value: T = self._built[key]
        return value

    def file_at(self, uri: str) -> tuple[PublishedSkill, PublishedFile] | None:
        """The file that a URI names in any of its forms, see `uris.canonical`."""
        found = self.files.get(uri)
        if found is None:
            # Only what is escaped can have another form than the one that is listed.
            listed = self.once("forms", lambda: {canonical(one): one for one in self.files if "%" in one})
            form = canonical(uri)
            found = self.files.get(listed.get(form, form))
        return found

    def visible_to(self, audience: Audience) -> Snapshot:
        """What of this there is for an audience, in the same generation; kept, like what is built of it."""
        if not audience.restricted:
            return self
        found = self._filtered.get(audience)
        if found is None:
            found = self._filtered[audience] = self._for(audience)
            if len(self._filtered) > AUDIENCES_MAX:
                self._filtered.popitem(last=False)
        else:
            self._filtered.move_to_end(audience)
        return found

    def updated(self, changes: Changes) -> Snapshot:
        """The snapshot after some changes; shares everything that did not change."""
        gone = {*changes.withdrawn, *(skill.name for skill in changes.published)}
        if changes.complete:
            gone.update(self.skills)
        skills = {name: skill for name, skill in self.skills.items() if name not in gone}
        files = {uri: entry for uri, entry in self.files.items() if entry[0].name not in gone}
        for skill in changes.published:
            skills[skill.name] = skill
            files |= {file_uri(skill.name, file.path): (skill, file) for file in skill.files}
        return Snapshot(changes.generation, dict(sorted(skills.items())), dict(sorted(files.items())), self.offers)

    def offering(self, offers: Offers) -> Snapshot:
        """The same skills with something else besides them."""
        return Snapshot(self.generation, self.skills, self.files, offers)

    def _for(self, audience: Audience) -> Snapshot:
        skills = {name: skill for name, skill in self.skills.items() if audience.includes(name, skill.tags)}
        files = {uri: entry for uri, entry in self.files.items() if entry[0].name in skills}
        return Snapshot(self.generation, skills, files)


class CatalogUnavailable(Exception):
    """The catalog could not be asked since this process started."""


class DigestMismatch(Exception):
    """The store returned other bytes than were put there."""


class LiveCatalog:
    """Hands out the snapshot of the newest generation, asking the catalog at most every `refresh_seconds`.

    All methods but `expire` and `look` belong to one event loop.
    """

    def __init__(self, catalog: Catalog, *, refresh_seconds: float, cache_bytes: int) -> None:
        self._catalog = catalog
        self._refresh_seconds = refresh_seconds
        self._snapshot = Snapshot()
        self._asked_at = float("-inf")
        """When the catalog was asked for what is served now, or last failed to answer."""
        self._answered_at = float("-inf")
        self._changed_at = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None
        self._patient_until = 0.0
        self._files = FileCache[bytes](cache_bytes)
        self._instructions = FileCache[str](cache_bytes)
        # Each waits for something else, so that what hangs stops nothing but what needs it.
        self._asking = Pool("catalog", threads=2, waiting=8)
        self._reading_near = Pool("catalog-kept-files", threads=2, waiting=256)
        self._reading_far = Pool("catalog-files", threads=8, waiting=64)
        self._since: datetime | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def snapshot(self) -> Snapshot:
        """The present snapshot, never older than `refresh_seconds` while the catalog answers.

        While it does not, the last snapshot goes on being served; only a process that never had one
        raises CatalogUnavailable.
        """
        wanted = max(time.monotonic() - self._refresh_seconds, self._changed_at)
        while self._asked_at < wanted:
            done, _ = await asyncio.wait({self._refresh()}, timeout=self._patience())
            if not done:
                break
        if self._snapshot.generation < 0:
            raise CatalogUnavailable
        return self._snapshot

    @property
    def generation(self) -> int | None:
        """The generation that is served, None before the first."""
        return self._snapshot.generation if self._snapshot.generation >= 0 else None

    @property
    def since(self) -> datetime | None:
        """Since when that generation is served."""
        return self._since

    @property
    def age(self) -> float | None:
        """Seconds since the catalog was asked and answered, None before the first time."""
        return time.monotonic() - self._answered_at if self.generation is not None else None

    def begin(self) -> None:
        """Load the catalog as soon as the event loop runs, so that the first request need not wait for it."""
        self._refresh()

    def look(self) -> None:
        """Look for changes without being asked for anything, and wait a second at most for the answer.

        May be called from any thread but the event loop's own; does nothing before `begin` or the first request.
        """
        if self._loop is not None and not self._loop.is_closed():
            looking = asyncio.run_coroutine_threadsafe(self._look(), self._loop)
            with suppress(TimeoutError, CancelledError):
                looking.result(PATIENCE_SECONDS)

    async def _look(self) -> None:
        await asyncio.shield(self._refresh())

    def expire(self) -> None:
        """Ask again at the next request: something has changed. May be called from any thread."""
        self._changed_at = time.monotonic()

    async def read(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        """The bytes of a file, exactly as its digest says. Raises OSError, or DigestMismatch.

        Takes MCP_DEADLINE_SECONDS at most, whatever the store does.
        """
        content = self._files.get(file.sha256)
        if content is None:
            with deadline.within(settings.MCP_DEADLINE_SECONDS):
                content = await self._reading_near.run(self._catalog.kept_file, file)
                if content is None:
                    content = await self._reading_far.run(self._fetch, skill, file)
            self._files.put(file.sha256, content)
        return content

    async def instructions(self, skill: PublishedSkill) -> str:
        """A skill's SKILL.md without its frontmatter. Raises as `read` does."""
        file = skill.skill_md
        text = self._instructions.get(file.sha256)
        if text is None:
            text = instructions((await self.read(skill, file)).decode())
            self._instructions.put(file.sha256, text)
        return text

    def _fetch(self, skill: PublishedSkill, file: PublishedFile) -> bytes:
        content = self._catalog.read_file(skill, file)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise DigestMismatch(f"{skill.name} v{skill.version}: {file.path} is not what was stored")
        return content

    def _refresh(self) -> asyncio.Task[None]:
        """The refresh under way, begun now if there is none; a task of its own, so that no caller can cancel it."""
        if self._refreshing is None or self._refreshing.done():
            patience = PATIENCE_SECONDS if self._snapshot.generation >= 0 else FIRST_PATIENCE_SECONDS
            self._patient_until = time.monotonic() + patience
            self._loop = asyncio.get_running_loop()
            self._refreshing = asyncio.create_task(self._ask())
        return self._refreshing

    def _patience(self) -> float:
        """How many seconds to wait for a refresh."""
        return max(self._patient_until - time.monotonic(), 0)

    async def _ask(self) -> None:
        asked_at = time.monotonic()
        try:
            newest = await self._ask_in_time()
            self._answered_at = asked_at
            if newest is not self._snapshot:
                self._snapshot, self._since = newest, datetime.now(UTC)
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("the catalog cannot be asked, generation %d stays: %r", self._snapshot.generation, error)
        except Exception:  # what one publication broke must not end the service of all the others
            log.exception("the catalog cannot be understood, generation %d stays", self._snapshot.generation)
        finally:
            self._asked_at = asked_at

    async def _ask_in_time(self) -> Snapshot:
        """As `_newest`. All who wait share it, so it is not cut short by the deadline of whoever came first."""
        seconds = settings.MCP_DEADLINE_SECONDS
        newest = database_sync_to_async(self._newest, thread_sensitive=False, executor=self._asking)
        with deadline.override(seconds):
            async with asyncio.timeout(seconds):
                found: Snapshot = await newest()
        return found

    def _newest(self) -> Snapshot:
        """The snapshot to serve from now on: the present one where nothing changed."""
        present, generation = self._snapshot, self._catalog.generation()
        if present.offers is not providers.current():
            present = present.offering(providers.current())
        if generation == present.generation and not self._catalog.is_unfinished():
            return present
        if generation < present.generation:  # the registry was restored from a backup
            present = Snapshot(offers=present.offers)
        changes = self._catalog.changes_since(max(present.generation, 0))
        if changes.generation == present.generation and not changes.published:  # what was unfinished still is
            return present
        return present.updated(changes)


live_catalog = LiveCatalog(
    get_catalog(), refresh_seconds=settings.MCP_REFRESH_SECONDS, cache_bytes=settings.MCP_FILE_CACHE_BYTES
)


def _on_catalog_changed(**_: Any) -> None:
    live_catalog.expire()


catalog_changed.connect(_on_catalog_changed, dispatch_uid="mcp_gateway.catalog")
offers_changed.connect(_on_catalog_changed, dispatch_uid="mcp_gateway.catalog")
