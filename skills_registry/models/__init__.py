"""The registry's models. Only `services` writes them; history rows are append-only."""

from __future__ import annotations

from .audit import AuditEvent
from .base import NOTE_MAX
from .catalog_head import CatalogHead
from .reviews import Review
from .skills import Publication, Skill, SkillQuerySet, SkillVersion, SkillVersionQuerySet
from .uploads import Upload

__all__ = [
    "NOTE_MAX",
    "AuditEvent",
    "CatalogHead",
    "Publication",
    "Review",
    "Skill",
    "SkillQuerySet",
    "SkillVersion",
    "SkillVersionQuerySet",
    "Upload",
]
