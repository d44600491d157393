"""What operators say of a skill, besides its versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from skills_registry.generations import changed, locked, next_generation
from skills_registry.models import Skill
from skills_registry.tags import normal_tags

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def set_tags(skill: Skill, tags: Iterable[str], *, actor: User | None = None, reason: str = "") -> Skill:
    """Replace a skill's tags, which gateways see at once; the skill as it is now. Raises InvalidTags."""
    wanted = normal_tags(tags)
    with transaction.atomic():
        generation = next_generation()
        skill = locked(skill)
        skill.tags = wanted
        changed(skill, generation, "tags")
    return skill


def set_owner(skill: Skill, owner: User | None, *, actor: User | None = None, reason: str = "") -> Skill:
    """Say whom to ask about a skill, or (None) nobody; the skill as it is now."""
    with transaction.atomic():
        generation = next_generation()
        skill = locked(skill)
        skill.owner = owner
        changed(skill, generation, "owner")
    return skill
