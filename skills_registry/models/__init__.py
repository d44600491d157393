"""What the registry knows. Only `services` writes; history is appended to and never edited."""

from __future__ import annotations

from .audit import AuditEvent
from .reviews import Review
from .skills import Publication, Skill, SkillQuerySet, SkillVersion, SkillVersionQuerySet
from .working import CatalogHead, Upload

__all__ = [
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
