"""The page that revokes access tokens. Before that, it shows their owners, their skills and their last use."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp_gateway.models import AccessToken

from . import revoke_token

TOKENS_MAX = 100
"""How many tokens can be revoked at once; the page lists each of them."""


def may_revoke(request: HttpRequest) -> bool:
    """Return whether the user may revoke tokens. Revoking is the only change, so it needs the change permission."""
    return request.user.has_perm("mcp_gateway.change_accesstoken")


def revoke(request: HttpRequest) -> HttpResponse:
    """Show the tokens (GET), or revoke those not revoked yet (POST)."""
    if not may_revoke(request):
        raise PermissionDenied
    given = request.POST if request.method == "POST" else request.GET
    keys = [key for key in given.getlist("token") if key.isdecimal() and len(key) < len(str(2**63))]
    tokens = AccessToken.objects.select_related("user").filter(pk__in=keys[:TOKENS_MAX])
    if not tokens:
        raise Http404
    if request.method != "POST":
        title = ngettext("Revoke an access token", "Revoke %(count)d access tokens", len(tokens))
        context = {**admin.site.each_context(request), "opts": AccessToken._meta, "tokens": tokens}
        context["title"] = title % {"count": len(tokens)}
        return TemplateResponse(request, "admin/mcp_gateway/revoke.html", context)
    revoked = [token for token in tokens if revoke_token(token, actor=cast("User", request.user))]
    message = ngettext("%d access token revoked.", "%d access tokens revoked.", len(revoked))
    messages.success(request, message % len(revoked))
    return redirect("admin:mcp_gateway_accesstoken_changelist")


def redirect_to_confirmation(request: HttpRequest, tokens: QuerySet[AccessToken]) -> HttpResponse | None:
    """Redirect to the page for these tokens; None, with a message, if they are too many."""
    keys = list(tokens.values_list("pk", flat=True)[: TOKENS_MAX + 1])
    if len(keys) > TOKENS_MAX:
        messages.error(request, _("You can revoke at most %(limit)d tokens at a time.") % {"limit": TOKENS_MAX})
        return None
    return redirect(f"{reverse('admin:mcp_gateway_revoke')}?{urlencode([('token', key) for key in keys])}")
