"""Finds names and tags that no skill has, so that the gateway's forms can warn of misspelt ones."""

from __future__ import annotations

from collections.abc import Iterable

from skills_registry.models import Skill


def unknown_skills(names: Iterable[str]) -> list[str]:
    """The names that no skill has, sorted; names of deleted skills count as known, since they stay taken."""
    wanted = set(names)
    return sorted(wanted - set(Skill.objects.filter(name__in=wanted).values_list("name", flat=True)))


def unknown_tags(tags: Iterable[str]) -> list[str]:
    """The tags that no skill has, sorted."""
    return sorted(set(tags) - set(Skill.objects.not_deleted().tag_counts()))
