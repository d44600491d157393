"""Gives each change of a skill a generation, and projects it after the commit."""

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
    """Save the changed fields of a locked skill with their generation; project the skill after the commit."""
    save_generation(skill, generation, *fields)
    transaction.on_commit(partial(_announce, skill), robust=True)


def _announce(skill: Skill) -> None:
    """Project a skill; if that takes too long, it is retried in the background."""
    with deadline.within(settings.PROJECTION_DEADLINE_SECONDS):
        project(skill)
