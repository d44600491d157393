"""Search of the command palette: pages, skills, versions and access tokens that the user may see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.db.models import Case, Q, When
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.dataclasses import SearchResult

from mcp_gateway.models import AccessToken
from skills_registry.models import Skill, SkillVersion

from .theme import UNFOLD, may_upload, may_view_skills, may_view_tokens

EACH_AT_MOST = 10
"""Maximum results of each kind."""
TERM_MAX = 200
_VERSION = re.compile(r"(?P<name>\S+?)[\s@]*[\sv@](?P<number>\d{1,9})", re.ASCII)
_OTHER_PAGES: list[dict[str, Any]] = [
    {
        "title": gettext_lazy("Your uploads"),
        "icon": "upload_file",
        "link": reverse_lazy("admin:skills_registry_uploads"),
        "permission": may_upload,
    },
    {"title": gettext_lazy("Change password"), "icon": "password", "link": reverse_lazy("admin:password_change")},
]
"""Pages without an entry in the navigation."""


def search(request: HttpRequest) -> HttpResponse:
    """Render the results for the term `s`; an empty term has none."""
    term = request.GET.get("s", "").strip()[:TERM_MAX]
    if not term:
        return HttpResponse()
    results = [*_pages(request, term), *_skills(request, term), *_versions(request, term), *_tokens(request, term)]
    return TemplateResponse(request, "unfold/helpers/command_results.html", {"results": results})


def _pages(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    words = term.casefold().split()
    entries = [entry for group in UNFOLD["SIDEBAR"]["navigation"] for entry in group["items"]]
    for entry in [*entries, *_OTHER_PAGES]:
        title, permission = str(entry["title"]), entry.get("permission")
        if all(word in title.casefold() for word in words) and (permission is None or permission(request)):
            yield SearchResult(title=title, description=_("Page"), link=str(entry["link"]), icon=entry["icon"])


def _skills(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    if not may_view_skills(request):
        return
    named_first = Case(When(name__istartswith=term, then=0), When(name__icontains=term, then=1), default=2)
    for skill in Skill.objects.not_deleted().search(term).only("name").order_by(named_first, "name")[:EACH_AT_MOST]:
        link = reverse("admin:skills_registry_skill_change", args=[skill.pk])
        yield SearchResult(title=skill.name, description=_("Skill"), link=link, icon="book_2")


def _versions(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    """Yield versions for a term such as “greeter v2” or “greeter 2”."""
    match = _VERSION.fullmatch(term)
    if match is None or not may_view_skills(request):
        return
    named = SkillVersion.objects.ready().filter(skill__name__icontains=match["name"], skill__deleted_at__isnull=True)
    found = named.filter(number=int(match["number"])).select_related("skill").only("number", "skill__name")
    for version in found.order_by("skill__name")[:EACH_AT_MOST]:
        link = reverse("admin:skills_registry_version", args=[version.skill_id, version.number])
        yield SearchResult(title=str(version), description=_("Version"), link=link, icon="history")


def _tokens(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    if not may_view_tokens(request):
        return
    found = AccessToken.objects.filter(Q(name__icontains=term) | Q(prefix__istartswith=term))
    for token in found.only("name", "prefix").order_by("name")[:EACH_AT_MOST]:
        link = reverse("admin:mcp_gateway_accesstoken_change", args=[token.pk])
        yield SearchResult(title=str(token), description=_("Access token"), link=link, icon="key")
