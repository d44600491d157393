"""What the registry knows. Only `services` writes; history is appended to and never edited."""

from __future__ import annotations

from .audit import AuditEvent
from .base import NOTE_MAX
from .reviews import Review
from .skills import Publication, Skill, SkillQuerySet, SkillVersion, SkillVersionQuerySet
from .working import CatalogHead, Upload

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
