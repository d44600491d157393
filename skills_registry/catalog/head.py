"""The catalog's generation, which every change of a skill increments under a lock."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from skills_registry.models import CatalogHead, Skill


def next_generation(above: int = 0) -> int:
    """Increment the catalog's generation, to more than `above`, and lock its row until the transaction ends.

    The lock makes changes commit in the order of their generations.
    """
    CatalogHead.objects.get_or_create(id=1)
    CatalogHead.objects.filter(id=1).update(generation=F("generation") + 1)
    head = CatalogHead.objects.get(id=1)
    if head.generation <= above:
        head.generation = above + 1
        head.save()
    return head.generation


def lock_skill(skill: Skill) -> Skill:
    """Read the skill again, and lock its row until the transaction ends."""
    return Skill.objects.select_for_update(of=("self",)).select_related("live_version").get(pk=skill.pk)


def save_generation(skill: Skill, generation: int, *fields: str) -> None:
    """Save the changed fields of a locked skill with their generation; the skill becomes pending."""
    if skill.served_generation == skill.generation:
        skill.unserved_since = timezone.now()
    skill.generation = generation
    skill.save(update_fields=["generation", "unserved_since", "updated_at", *fields])
