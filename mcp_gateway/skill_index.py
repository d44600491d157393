"""The index of the skills in a snapshot that models may use, made when it is first asked for."""

from __future__ import annotations

import asyncio
import logging

from skills_registry.catalog import PublishedSkill

from .catalog import DigestMismatch, LiveCatalog, Snapshot
from .invocable import description, is_tool, title
from .search import SkillIndex, Text

log = logging.getLogger(__name__)

READS_AT_ONCE = 16
INDEXED_MAX = 50_000
"""Characters of a skill's instructions, and of its description, that are looked for words."""


async def skill_index(snapshot: Snapshot, catalog: LiveCatalog) -> SkillIndex:
    """The index; made once for a snapshot, so that it holds what its audience may see and nothing else."""
    task = snapshot.once("search", lambda: asyncio.create_task(_make(snapshot, catalog)))
    return await asyncio.shield(task)  # a caller that goes away must not take it from the others


async def _make(snapshot: Snapshot, catalog: LiveCatalog) -> SkillIndex:
    room = asyncio.Semaphore(READS_AT_ONCE)

    async def text(skill: PublishedSkill) -> Text:
        async with room:
            return await _text(skill, catalog)

    texts = await asyncio.gather(*(text(skill) for skill in snapshot.skills.values() if is_tool(skill)))
    return await asyncio.to_thread(SkillIndex, texts)


async def _text(skill: PublishedSkill, catalog: LiveCatalog) -> Text:
    try:
        body = await catalog.instructions(skill)
    except (OSError, DigestMismatch):
        log.warning("%s is found by its description only, since its text cannot be read", skill.name, exc_info=True)
        body = ""
    return Text(skill.name, title(skill), " ".join(skill.tags), description(skill)[:INDEXED_MAX], body[:INDEXED_MAX])
