"""Which of some names and tags no skill has: for the gateway's forms, which would take a misspelt one silently."""

from __future__ import annotations

from collections.abc import Iterable

from skills_registry.models import Skill


def unknown_skills(names: Iterable[str]) -> list[str]:
    """The names that no skill has, in order; those of deleted skills are known, since they stay taken."""
    wanted = set(names)
    return sorted(wanted - set(Skill.objects.filter(name__in=wanted).values_list("name", flat=True)))


def unknown_tags(tags: Iterable[str]) -> list[str]:
    """The tags that no skill has, in order."""
    return sorted(set(tags) - set(Skill.objects.not_deleted().tag_counts()))
