"""Every change of a skill gets a generation of the catalog, and is announced once it is committed."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction

from invocations.resilience import deadline
from skills_registry.models import Skill

from .head import lock_skill, next_generation, save_generation
from .projection import project

__all__ = ["lock_skill", "next_generation", "save_change"]


def save_change(skill: Skill, generation: int, *fields: str) -> None:
    """Save what changed of a skill and in which generation, and say so once that is committed."""
    save_generation(skill, generation, *fields)
    transaction.on_commit(partial(_announce, skill), robust=True)


def _announce(skill: Skill) -> None:
    """Project a skill, unless that takes long; it is then done in the background."""
    with deadline.within(settings.PROJECTION_DEADLINE_SECONDS):
        project(skill)
