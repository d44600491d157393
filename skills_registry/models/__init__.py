"""What the registry knows. Only `services` writes; history is appended to and never edited."""

from __future__ import annotations

from .audit import AuditEvent
from .base import NOTE_MAX
from .catalog_head import CatalogHead, Upload
from .reviews import Review
from .skills import Publication, Skill, SkillQuerySet, SkillVersion, SkillVersionQuerySet

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
