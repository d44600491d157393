"""Access tokens in the admin: made, shown once, revoked."""

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
from skills_registry.tags import is_tag, normal_tag, separated

from .auth import create_token, owners_of_tokens_by, revocation
from .client_setup import connection
from .list_filters import OfferedFilters
from .models import AccessToken, Scope

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NAMED_MAX = 3
"""Skills and tags that a row of the list names."""


class WordsField(CharField):
    """Words separated by spaces or commas, as a list; those of the page's list `suggested` are suggested."""

    def __init__(self, suggested: str, **options: Any) -> None:
        widget = UnfoldAdminTextInputWidget({"list": suggested, "data-words": "", "autocomplete": "off"})
        super().__init__(required=False, max_length=5000, widget=widget, **options)

    def clean(self, value: Any) -> list[str]:
        """The words in the form that tags and names are kept in, each once."""
        return sorted(set(map(normal_tag, separated(super().clean(value)))))


class StateFilter(admin.SimpleListFilter):
    """By whether a token still opens anything."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The states."""
        return list(AccessToken.State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> QuerySet[AccessToken]:
        """The tokens in the chosen state."""
        state = self.value()
        return AccessToken.in_state(queryset, state) if state else queryset


class AccessTokenForm(ModelForm):
    """What a token may do, for which skills, whose it is, and how long it opens anything."""

    scopes = MultipleChoiceField(
        label=_("Scopes"),
        choices=Scope.choices,
        help_text=_(
            "Read: use skills through /mcp and read the API. Write: change skills by API, with the owner's permissions."
        ),
        initial=[Scope.READ],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    skills = WordsField(
        "skill-names",
        label=_("Only these skills"),
        help_text=_("Separate names with spaces or commas. Leave skills and tags empty to allow all skills."),
    )
    tags = WordsField(
        "tags-in-use", label=_("Only skills with these tags"), help_text=_("A skill needs only one of these tags.")
    )
    allow_unknown = BooleanField(
        label=_("Allow names and tags that no skill has yet"),
        required=False,
        help_text=_("Use this if the skills do not exist yet."),
        widget=UnfoldBooleanWidget,
    )

    def clean(self) -> dict[str, Any]:
        """Refuse names and tags that no skill has, which are mostly misspelt, unless that is meant."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("allow_unknown"):
            return given
        if names := unknown_skills(name for name in given.get("skills", []) if is_skill_name(name)):
            self.add_error("skills", _("No skill has this name: %(names)s") % {"names": ", ".join(names)})
        if tags := unknown_tags(tag for tag in given.get("tags", []) if is_tag(tag)):
            self.add_error("tags", _("No skill has this tag: %(tags)s") % {"tags": ", ".join(tags)})
        return given

    def clean_expires_at(self) -> datetime | None:
        """Refuse an end that has passed."""
        end: datetime | None = self.cleaned_data["expires_at"]
        if end is not None and end <= timezone.now():
            raise ValidationError(_("The expiry date is in the past."))
        return end


@admin.register(AccessToken)
class AccessTokenAdmin(OfferedFilters, ModelAdmin):
    """A token's text is on the page that answers its creation, and nowhere else."""

    form = AccessTokenForm
    list_display = ["name", "prefix", "user", "may", "opens", "expires_at", "last_used_at", "state"]
    list_filter = [StateFilter]
    list_select_related = ["user"]
    list_per_page = 50
    search_fields = ["name", "prefix", "user__username"]
    actions = ["revoke"]

    @admin.display(description=_("scopes"))
    def may(self, token: AccessToken) -> str:
        """What it may be used for."""
        return ", ".join(token.scopes)

    @admin.display(description=_("skills"))
    def opens(self, token: AccessToken) -> str:
        """Which skills it is for."""
        more = len(token.named) - NAMED_MAX
        return ", ".join([*token.named[:NAMED_MAX], *([f"+{more}"] if more > 0 else [])]) or str(_("all"))

    @admin.display(description=_("state"))
    def state(self, token: AccessToken) -> str:
        """Whether it still opens anything, and if not, why."""
        tone = {AccessToken.State.VALID: "good", AccessToken.State.REVOKED: "bad"}.get(token.state, "warn")
        return render_to_string("components/badge.html", {"text": token.state.label, "tone": tone})

    @admin.action(description=_("Revoke selected access tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> HttpResponse | None:
        """Go to the page that says what revoking the chosen tokens means."""
        return revocation.ask(request, queryset)

    def get_urls(self) -> list[URLPattern]:
        """The page that revokes before those of Django's admin."""
        page = path("revoke/", self.admin_site.admin_view(revocation.revoke), name="mcp_gateway_revoke")
        return [page, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: AccessToken | None = None) -> list[Any]:
        """What is asked for a new token; everything of one that is there."""
        return (
            ["name", "user", "scopes", "skills", "tags", "allow_unknown", "expires_at"]
            if obj is None
            else [
                "name",
                "prefix",
                "user",
                "may",
                "opens",
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
        """The owners that the user may choose."""
        kwargs["queryset"] = owners_of_tokens_by(cast("User", request.user))
        field: ModelChoiceField | None = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A token is mostly for the one who makes it."""
        return {"user": request.user.pk}

    def save_model(self, request: HttpRequest, obj: AccessToken, form: ModelForm[AccessToken], change: bool) -> None:
        """Make the token through the one function that does, and keep its text for the answer."""
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
        """One way to save: what the others lead to would hide the token, which is shown once."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        context["may_revoke"] = self.has_revoke_permission(request)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def response_add(
        self, request: HttpRequest, obj: AccessToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the text, in this answer only; the admin tells everybody not to store its answers."""
        context = {
            **self.admin_site.each_context(request),
            **connection(request.new_token),  # type: ignore[attr-defined]
            "title": _("Access token created"),
            "opts": self.opts,
            "token": obj,
            "text": request.new_token,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/mcp_gateway/token_made.html", context)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the user may revoke tokens."""
        return revocation.may_revoke(request)

    def has_change_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        """Tokens are made and revoked, not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        """Deleting would lose who had access."""
        return False
