"""The "Access" tab of a skill: who may see and call it, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext

from mcp_gateway.auth.owners import READ_PERMISSION, owner_has_permission
from mcp_gateway.models import AccessToken, Scope
from skills_registry.admin.pages import OperatorRequest, requires
from skills_registry.admin.skill_page import render_skill_view
from skills_registry.models import Skill

SHOWN = 200


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """A token that grants access to the skill, and why: for all skills, by name, or by tag."""

    token: AccessToken
    why: str


@requires("view_skill")
def skill_access(request: OperatorRequest, pk: int) -> HttpResponse:
    """Show who has access to the skill; the tokens only with permission to view them."""
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    reaching = list(_tokens_with_access(skill)) if request.user.has_perm("mcp_gateway.view_accesstoken") else None
    return render_skill_view(
        request,
        "access",
        skill,
        anonymous=not settings.MCP_REQUIRE_AUTH,
        issuer=settings.MCP_JWT_ISSUER,
        by_skill=settings.MCP_JWT_SKILLS_CLAIM,
        by_tag=settings.MCP_JWT_TAGS_CLAIM,
        reaching=reaching and reaching[:SHOWN],
        reaching_count=len(reaching or ()),
    )


def _tokens_with_access(skill: Skill) -> Iterator[TokenAccess]:
    """Yield the valid tokens that grant access, and whose owners may see skills, last used first."""
    owned = AccessToken.objects.select_related("user").filter(owner_has_permission(READ_PERMISSION))
    tokens = AccessToken.filter_by_state(owned, AccessToken.State.VALID)
    for token in sorted(tokens, key=_last_used, reverse=True):
        if Scope.READ in token.scopes and token.audience.includes(skill.name, skill.tags):
            yield TokenAccess(token, _reason(token, skill))


def _last_used(token: AccessToken) -> float:
    return token.last_used_at.timestamp() if token.last_used_at else 0.0


def _reason(token: AccessToken, skill: Skill) -> str:
    if not token.audience.restricted:
        return gettext("all skills")
    if skill.name in token.skills:
        return gettext("skill name")
    shared = ", ".join(tag for tag in token.tags if tag in skill.tags)
    return gettext("tag %s") % shared
