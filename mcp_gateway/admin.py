"""Access tokens in the admin: made, shown once, revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.admin import ModelAdmin

from .auth import create_token, revoke_token
from .models import AccessToken


class AccessTokenForm(ModelForm):
    """What a token is for, whose it is, and how long it opens anything."""

    def clean_expires_at(self) -> datetime | None:
        """Refuse an end that has passed."""
        end: datetime | None = self.cleaned_data["expires_at"]
        if end is not None and end <= timezone.now():
            raise ValidationError("This is in the past.")
        return end


@admin.register(AccessToken)
class AccessTokenAdmin(ModelAdmin):
    """A token's text is on the page that answers its creation, and nowhere else."""

    form = AccessTokenForm
    list_display = ["name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at", "valid"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username"]
    actions = ["revoke"]

    @admin.display(boolean=True)
    def valid(self, token: AccessToken) -> bool:
        """Whether it still opens anything."""
        return token.is_valid

    @admin.action(description="Revoke selected access tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        """Make the chosen tokens useless; they stay in the list."""
        for token in queryset:
            revoke_token(token)
            self.log_change(request, token, "Revoked.")
        count = len(queryset)
        messages.success(request, f"{count} access token{pluralize(count)} revoked.")

    def get_fields(self, request: HttpRequest, obj: AccessToken | None = None) -> list[Any]:
        """What is asked for a new token; everything of one that is there."""
        return ["name", "user", "expires_at"] if obj is None else list(self.list_display)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """A token acts as its owner, so only superusers may make one for somebody else."""
        if not request.user.is_superuser:
            kwargs["queryset"] = User.objects.filter(username=request.user.get_username())
        field: ModelChoiceField | None = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

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
        """Show the text, in this answer only; the admin tells everybody not to store its answers."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Access token made",
            "opts": self.opts,
            "token": obj,
            "text": request.new_token,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/mcp_gateway/token_made.html", context)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the user may revoke tokens; revoking is the one change there is."""
        return request.user.has_perm("mcp_gateway.change_accesstoken")

    def has_change_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        """Tokens are made and revoked, not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        """Deleting would lose who had access."""
        return False
