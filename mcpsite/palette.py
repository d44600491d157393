"""What the command palette finds besides the pages: skills by name."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from skills_registry.models import Skill

from .theme import may_view_skills

FOUND_AT_MOST = 20


def skills(request: HttpRequest, term: str) -> list[SearchResult]:
    """Skills whose name has the term in it, for those who may see them."""
    if not may_view_skills(request):
        return []
    found = Skill.objects.filter(name__icontains=term).only("name")[:FOUND_AT_MOST]
    return [
        SearchResult(
            title=skill.name,
            description=_("Skill"),
            link=reverse("admin:skills_registry_skill_change", args=[skill.pk]),
            icon="book_2",
        )
        for skill in found
    ]
