"""The view of the "Try it" page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from mcp_gateway.auth import Caller
from mcp_gateway.in_process import InProcessRequest
from mcp_gateway.wire.session import client_label
from skills_registry.admin.pages import OperatorRequest, requires
from skills_registry.admin.skill_page import render_skill_view
from skills_registry.catalog.orm import published_skill
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.agent_view import AgentView

from .exchange import CLIENT, Exchange, converse
from .forms import TryForm
from .one_version import single_version_catalog
from .shown import FormattedExchange, Outcome

VERSIONS_OFFERED = 200


@requires("view_skill")
def try_skill(request: OperatorRequest, pk: int) -> HttpResponse:
    """Show the form for a version (`version`, else the live, else the newest one); a POST makes the call."""
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    numbers = list(skill.versions.ready().values_list("number", flat=True)[:VERSIONS_OFFERED])
    version = _version(skill, request.GET.get("version", ""))
    if version is None:
        return render_skill_view(request, "try", skill, version=None)
    published = published_skill(skill, version)
    is_live = version.pk == skill.live_version_id
    seen = AgentView.of(version.frontmatter, version.files)
    form = TryForm(
        published, request.POST or None, initial={"method": "prompts/get" if not seen.tool else "tools/call"}
    )
    context: dict[str, Any] = {"version": version, "versions": numbers, "is_live": is_live, "seen": seen, "form": form}
    if request.method == "POST" and form.is_valid():
        inside = InProcessRequest(_caller(request), None if is_live else single_version_catalog(published))
        asked = form.cleaned_data
        exchanges = async_to_sync(converse)(asked["era"], asked["method"], form.params(), inside)
        context |= _result_context(exchanges, skill)
    return render_skill_view(request, "try", skill, **context)


def _version(skill: Skill, asked: str) -> SkillVersion | None:
    versions = skill.versions.ready()
    if not asked:
        return skill.live_version or versions.first()
    number = asked.removeprefix("v")
    if not number.isdecimal() or len(number) > 9:
        raise Http404
    return get_object_or_404(versions, number=int(number))


def _caller(request: OperatorRequest) -> Caller:
    """Return the caller: users who may see all skills may also call all of them."""
    return Caller(key=f"user:{request.user.pk}", name=request.user.get_username())


def _result_context(exchanges: list[Exchange], skill: Skill) -> dict[str, Any]:
    *handshake, last = exchanges
    query = urlencode({"skill": skill.name, "client": client_label(CLIENT), "exact": "on"})
    return {
        "handshake": [FormattedExchange.of(exchange) for exchange in handshake],
        "last": FormattedExchange.of(last),
        "outcome": Outcome.of(last),
        "endpoint": f"{settings.PUBLIC_URL}/mcp",
        "log": f"{reverse('admin:invocations_invocation_changelist')}?{query}",
    }
