"""The index of the skills in a snapshot that models may use, made when it is first asked for."""

from __future__ import annotations

import asyncio
import logging
import time

from invocations.resilience import deadline
from invocations.resilience.thread_pool import Pool
from mcp_gateway.catalog import DigestMismatch, LiveCatalog, Snapshot
from skills_registry.catalog import PublishedSkill

from .invocable import description, is_tool, title
from .search import SkillIndex, Text

log = logging.getLogger(__name__)

READS_AT_ONCE = 8
TEXTS_SECONDS = 3.0
"""How long the first search waits for texts; skills whose text is not there by then are found by the rest."""
AGAIN_SECONDS = 10.0
"""After this long an index without all texts is made anew, while searches go on with the one that there is."""
INDEXED_MAX = 50_000
"""Characters of a skill's instructions, and of its description, that are looked for words."""
computing = Pool("search", threads=2, waiting=64)


async def skill_index(snapshot: Snapshot, catalog: LiveCatalog) -> SkillIndex:
    """The index; made once for a snapshot, so that it holds what its audience may see and nothing else."""
    index: _KeptIndex = snapshot.once("search", lambda: _KeptIndex(snapshot, catalog))
    return await index.get()


class _KeptIndex:
    """The index of one snapshot, and the texts that it still lacks; belongs to one event loop."""

    def __init__(self, snapshot: Snapshot, catalog: LiveCatalog) -> None:
        self._skills = [skill for skill in snapshot.skills.values() if is_tool(skill)]
        self._catalog = catalog
        self._index: SkillIndex | None = None
        self._making: asyncio.Task[SkillIndex] | None = None
        self._due_at = float("-inf")

    async def get(self) -> SkillIndex:
        """The index as it is; only the first one is waited for."""
        if self._making is None or (self._making.done() and time.monotonic() >= self._due_at):
            self._making = asyncio.create_task(self._make())
        if self._index is not None:
            return self._index
        return await asyncio.shield(self._making)  # a caller that goes away must not take it from the others

    async def _make(self) -> SkillIndex:
        room = asyncio.Semaphore(READS_AT_ONCE)
        missing = 0

        async def text(skill: PublishedSkill) -> Text:
            nonlocal missing
            async with room:
                body = await self._body(skill)
            missing += body is None
            return Text(
                skill.name,
                title(skill),
                " ".join(skill.tags),
                description(skill)[:INDEXED_MAX],
                (body or "")[:INDEXED_MAX],
            )

        with deadline.override(TEXTS_SECONDS):
            texts = await asyncio.gather(*map(text, self._skills))
        with deadline.override(float("inf")):
            self._index = await computing.run(SkillIndex, texts)
        if missing:
            log.warning("%d skills are found without their texts, which cannot be read in time", missing)
        self._due_at = time.monotonic() + AGAIN_SECONDS if missing else float("inf")
        return self._index

    async def _body(self, skill: PublishedSkill) -> str | None:
        """A skill's text; None where it cannot be read in time."""
        if not deadline.remaining():
            return None
        try:
            return await self._catalog.instructions(skill)
        except OSError:
            return None
        except DigestMismatch:
            log.warning("%s is found by its description only", skill.name, exc_info=True)
            return ""
