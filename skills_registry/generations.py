"""The catalog's generation: every change of a skill raises it under a lock, and is announced once committed."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F

from invocations import deadline

from .models import CatalogHead, Skill
from .projection import project


def next_generation(above: int = 0) -> int:
    """Raise the catalog's generation, over `above` at least; its row stays locked until the transaction ends.

    So changes commit in the order of their generations.
    """
    CatalogHead.objects.get_or_create(id=1)
    CatalogHead.objects.filter(id=1).update(generation=F("generation") + 1)
    head = CatalogHead.objects.get(id=1)
    if head.generation <= above:
        head.generation = above + 1
        head.save()
    return head.generation


def locked(skill: Skill) -> Skill:
    """The skill read afresh, with its row locked until the transaction ends."""
    return Skill.objects.select_for_update(of=("self",)).select_related("live_version").get(pk=skill.pk)


def changed(skill: Skill, generation: int, *fields: str) -> None:
    """Save what changed of a skill and in which generation, and say so once that is committed."""
    skill.generation = generation
    skill.save(update_fields=["generation", "updated_at", *fields])
    transaction.on_commit(partial(_announce, skill), robust=True)


def _announce(skill: Skill) -> None:
    """Project a skill, unless that takes long; it is then done in the background."""
    with deadline.within(settings.PROJECTION_DEADLINE_SECONDS):
        project(skill)
