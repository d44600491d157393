"""What forms suggest while somebody types."""

from __future__ import annotations

from django import template

from skills_registry.models import Skill

register = template.Library()

OFFERED_MAX = 1000
"""So many are in the page; further ones can be typed."""


@register.simple_tag
def tags_in_use() -> list[str]:
    """The tags that most skills have, in order."""
    return sorted(tag for tag, _count in Skill.objects.not_deleted().tag_counts().most_common(OFFERED_MAX))


@register.simple_tag
def skill_names() -> list[str]:
    """The names of skills, in order."""
    return list(Skill.objects.not_deleted().order_by("name").values_list("name", flat=True)[:OFFERED_MAX])
