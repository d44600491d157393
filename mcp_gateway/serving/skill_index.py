"""The search index of a snapshot's tools, built on first use."""

from __future__ import annotations

import asyncio
import logging
import time

from invocations.resilience import deadline
from invocations.resilience.thread_pool import Pool
from mcp_gateway.catalog import DigestMismatch, LiveCatalog, Snapshot
from skills_registry.catalog import PublishedSkill

from .invocable import description, is_tool, title
from .search import SkillIndex, SkillText

log = logging.getLogger(__name__)

READS_AT_ONCE = 8
TEXTS_SECONDS = 3.0
"""How long building waits for texts; skills without text by then are indexed by their other fields."""
REBUILD_SECONDS = 10.0
"""An index with missing texts is rebuilt after this long, while searches use the old one."""
INDEXED_MAX = 50_000
"""Characters of a skill's instructions, and of its description, that are indexed."""
search_pool = Pool("search", threads=2, waiting=64)


async def skill_index(snapshot: Snapshot, catalog: LiveCatalog) -> SkillIndex:
    """Return the snapshot's index, which contains only skills its audience may see."""
    index: _LazyIndex = snapshot.get_or_build("search", lambda: _LazyIndex(snapshot, catalog))
    return await index.get()


class _LazyIndex:
    """The index of one snapshot, rebuilt while texts are missing. Must be used on one event loop."""

    def __init__(self, snapshot: Snapshot, catalog: LiveCatalog) -> None:
        self._skills = [skill for skill in snapshot.skills.values() if is_tool(skill)]
        self._catalog = catalog
        self._index: SkillIndex | None = None
        self._building: asyncio.Task[SkillIndex] | None = None
        self._rebuild_at = float("-inf")

    async def get(self) -> SkillIndex:
        """Return the current index; wait only for the first one."""
        if self._building is None or (self._building.done() and time.monotonic() >= self._rebuild_at):
            self._building = asyncio.create_task(self._build())
        if self._index is not None:
            return self._index
        return await asyncio.shield(self._building)  # other requests wait for it, too

    async def _build(self) -> SkillIndex:
        room = asyncio.Semaphore(READS_AT_ONCE)
        missing = 0

        async def text(skill: PublishedSkill) -> SkillText:
            nonlocal missing
            async with room:
                body = await self._body(skill)
            missing += body is None
            return SkillText(
                skill.name,
                title(skill),
                " ".join(skill.tags),
                description(skill)[:INDEXED_MAX],
                (body or "")[:INDEXED_MAX],
            )

        with deadline.override(TEXTS_SECONDS):
            texts = await asyncio.gather(*map(text, self._skills))
        with deadline.override(float("inf")):
            self._index = await search_pool.run(SkillIndex, texts)
        if missing:
            log.warning("search index lacks the texts of %d skills, which could not be read in time", missing)
        self._rebuild_at = time.monotonic() + REBUILD_SECONDS if missing else float("inf")
        return self._index

    async def _body(self, skill: PublishedSkill) -> str | None:
        """Return a skill's text; None if it cannot be read in time."""
        if not deadline.remaining():
            return None
        try:
            return await self._catalog.instructions(skill)
        except OSError:
            return None
        except DigestMismatch:
            log.warning("search index lacks the text of %s", skill.name, exc_info=True)
            return ""
