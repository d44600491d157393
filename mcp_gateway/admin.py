"""Access tokens in the admin: made, shown once, revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from .auth import create_token, revoke_token
from .models import AccessToken


@admin.register(AccessToken)
class AccessTokenAdmin(admin.ModelAdmin):
    """A token's text is on the page that answers its creation, and nowhere else."""

    list_display = ["name", "prefix", "user", "created_at", "expires_at", "last_used_at", "valid"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username"]
    fields = ["name", "user", "expires_at"]
    actions = ["revoke"]

    @admin.display(boolean=True)
    def valid(self, token: AccessToken) -> bool:
        """Whether it still opens anything."""
        return token.is_valid

    @admin.action(description="Revoke selected access tokens", permissions=["delete"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        """Make the chosen tokens useless; they stay in the list."""
        for token in queryset:
            revoke_token(token)
        messages.success(request, f"{len(queryset)} access tokens revoked.")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A token is mostly for the one who makes it."""
        return {"user": request.user.pk}

    def save_model(self, request: HttpRequest, obj: AccessToken, form: ModelForm[AccessToken], change: bool) -> None:
        """Make the token through the one function that does, and keep its text for the answer."""
        token, text = create_token(obj.user, obj.name, expires_at=obj.expires_at)
        obj.pk, obj.prefix = token.pk, token.prefix
        request.new_token = text  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: AccessToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the text, in this answer only, which nobody may keep."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Access token made",
            "opts": self.opts,
            "token": obj,
            "text": request.new_token,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/mcp_gateway/token_made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def has_change_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        """Tokens are made and revoked, not edited."""
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Revoke only: deleting would lose who had access."""
        return {name: action for name, action in super().get_actions(request).items() if name == "revoke"}
