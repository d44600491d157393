"""Admin pages to create, list and revoke access tokens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, QuerySet
from django.forms import BooleanField, CharField, ModelChoiceField, ModelForm, MultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from skills_registry.catalog import is_skill_name
from skills_registry.catalog.unknown_names import unknown_skills, unknown_tags
from skills_registry.tags import is_valid_tag, normalize_tag, split_words

from .auth import allowed_owners, create_token, revocation
from .client_setup import connection_settings
from .list_filters import RestrictedFilters
from .models import AccessToken, Scope

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RESTRICTIONS_SHOWN_MAX = 3
"""How many skills and tags a row of the list names."""


class WordListField(CharField):
    """A list of words separated by spaces or commas, with suggestions from the `<datalist>` named `suggested`."""

    def __init__(self, suggested: str, **options: Any) -> None:
        widget = UnfoldAdminTextInputWidget({"list": suggested, "data-words": "", "autocomplete": "off"})
        super().__init__(required=False, max_length=5000, widget=widget, **options)

    def clean(self, value: Any) -> list[str]:
        """Return the normalized words, sorted and without duplicates."""
        return sorted(set(map(normalize_tag, split_words(super().clean(value)))))


class StateFilter(admin.SimpleListFilter):
    """Filters tokens by state."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(AccessToken.State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> QuerySet[AccessToken]:
        state = self.value()
        return AccessToken.filter_by_state(queryset, state) if state else queryset


class AccessTokenForm(ModelForm):
    """Scopes, skills, tags, owner and expiry of a new token."""

    scopes = MultipleChoiceField(
        label=_("Scopes"),
        choices=Scope.choices,
        help_text=_(
            "Read: use skills through /mcp and read the API. Write: change skills by API, with the owner's permissions."
        ),
        initial=[Scope.READ],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    skills = WordListField(
        "skill-names",
        label=_("Only these skills"),
        help_text=_("Separate names with spaces or commas. Leave skills and tags empty to allow all skills."),
    )
    tags = WordListField(
        "tags-in-use", label=_("Only skills with these tags"), help_text=_("A skill needs only one of these tags.")
    )
    allow_unknown = BooleanField(
        label=_("Allow names and tags that no skill has yet"),
        required=False,
        help_text=_("Use this if the skills do not exist yet."),
        widget=UnfoldBooleanWidget,
    )

    def clean(self) -> dict[str, Any]:
        """Refuse names and tags that no skill has, unless `allow_unknown` is set: most of them are typos."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("allow_unknown"):
            return given
        if names := unknown_skills(name for name in given.get("skills", []) if is_skill_name(name)):
            self.add_error("skills", _("No skill has this name: %(names)s") % {"names": ", ".join(names)})
        if tags := unknown_tags(tag for tag in given.get("tags", []) if is_valid_tag(tag)):
            self.add_error("tags", _("No skill has this tag: %(tags)s") % {"tags": ", ".join(tags)})
        return given

    def clean_expires_at(self) -> datetime | None:
        """Refuse an expiry in the past."""
        end: datetime | None = self.cleaned_data["expires_at"]
        if end is not None and end <= timezone.now():
            raise ValidationError(_("The expiry date is in the past."))
        return end


@admin.register(AccessToken)
class AccessTokenAdmin(RestrictedFilters, ModelAdmin):
    """Creates and revokes tokens. The secret is shown once, in the response to the creation."""

    form = AccessTokenForm
    list_display = ["name", "prefix", "user", "scopes_text", "skills_text", "expires_at", "last_used_at", "state"]
    list_filter = [StateFilter]
    list_select_related = ["user"]
    list_per_page = 50
    search_fields = ["name", "prefix", "user__username"]
    actions = ["revoke"]

    @admin.display(description=_("scopes"))
    def scopes_text(self, token: AccessToken) -> str:
        return ", ".join(token.scopes)

    @admin.display(description=_("skills"))
    def skills_text(self, token: AccessToken) -> str:
        """Return the skills and tags the token is limited to, shortened."""
        more = len(token.restrictions) - RESTRICTIONS_SHOWN_MAX
        return ", ".join([*token.restrictions[:RESTRICTIONS_SHOWN_MAX], *([f"+{more}"] if more > 0 else [])]) or str(
            _("all")
        )

    @admin.display(description=_("state"))
    def state(self, token: AccessToken) -> str:
        """Render the token's state as a badge."""
        tone = {AccessToken.State.VALID: "good", AccessToken.State.REVOKED: "bad"}.get(token.state, "warn")
        return render_to_string("components/badge.html", {"text": token.state.label, "tone": tone})

    @admin.action(description=_("Revoke selected access tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> HttpResponse | None:
        """Redirect to the confirmation page for the selected tokens."""
        return revocation.redirect_to_confirmation(request, queryset)

    def get_urls(self) -> list[URLPattern]:
        """Add the revocation page."""
        page = path("revoke/", self.admin_site.admin_view(revocation.revoke), name="mcp_gateway_revoke")
        return [page, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: AccessToken | None = None) -> list[Any]:
        """Return the input fields for a new token, and all fields for an existing one."""
        return (
            ["name", "user", "scopes", "skills", "tags", "allow_unknown", "expires_at"]
            if obj is None
            else [
                "name",
                "prefix",
                "user",
                "scopes_text",
                "skills_text",
                "created_at",
                "expires_at",
                "last_used_at",
                "revoked_at",
                "state",
            ]
        )

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """Offer only the owners the user may create tokens for."""
        kwargs["queryset"] = allowed_owners(cast("User", request.user))
        field: ModelChoiceField | None = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Preselect the current user: most tokens are for the person who creates them."""
        return {"user": request.user.pk}

    def save_model(self, request: HttpRequest, obj: AccessToken, form: ModelForm[AccessToken], change: bool) -> None:
        """Create the token with `create_token`, and keep the secret for `response_add`."""
        token, text = create_token(
            obj.user,
            obj.name,
            scopes=obj.scopes,
            skills=obj.skills,
            tags=obj.tags,
            expires_at=obj.expires_at,
            actor=cast("User", request.user),
        )
        obj.pk, obj.prefix = token.pk, token.prefix
        request.new_token = text  # type: ignore[attr-defined]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer only "Save": the other buttons lead to pages that don't show the new secret."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        context["may_revoke"] = self.has_revoke_permission(request)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def response_add(
        self, request: HttpRequest, obj: AccessToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this response only. Admin pages are sent with `Cache-Control: no-store`."""
        context = {
            **self.admin_site.each_context(request),
            **connection_settings(request.new_token),  # type: ignore[attr-defined]
            "title": _("Access token created"),
            "opts": self.opts,
            "token": obj,
            "text": request.new_token,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/mcp_gateway/token_made.html", context)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may revoke tokens."""
        return revocation.may_revoke(request)

    def has_change_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        """Return False: tokens are created and revoked, never edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        """Return False: deleting a token would lose the record of who had access."""
        return False
