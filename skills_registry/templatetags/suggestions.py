"""Suggestions for form fields."""

from __future__ import annotations

from django import template

from skills_registry.models import Skill

register = template.Library()

SUGGESTIONS_MAX = 1000
"""Suggestions in a page; other values can still be typed."""


@register.simple_tag
def tags_in_use() -> list[str]:
    """The most frequent tags, sorted."""
    return sorted(tag for tag, _count in Skill.objects.not_deleted().tag_counts().most_common(SUGGESTIONS_MAX))


@register.simple_tag
def skill_names() -> list[str]:
    """The names of skills, sorted."""
    return list(Skill.objects.not_deleted().order_by("name").values_list("name", flat=True)[:SUGGESTIONS_MAX])
