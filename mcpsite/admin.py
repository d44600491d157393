"""Users and groups in the look of the other pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db.models import ManyToManyField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from mcp_gateway.list_filters import RestrictedFilters
from skills_registry.admin.history import PER_PAGE, describe_event
from skills_registry.admin.pages import before_cursor
from skills_registry.models import AuditEvent

from .console.access_trail import TRAIL
from .console.rights import groups_to_give, may_change, permissions_of
from .console.roles import PermissionsField, RolesField

admin.site.unregister([User, Group])

if TYPE_CHECKING:
    from unfold.admin import ModelAdmin as Pages
else:
    Pages = object  # as a ModelAdmin it would come between those classes and Django's

MEMBERS_SHOWN = 20
CHECKBOXES: dict[Any, dict[str, Any]] = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}


class WithinRights(RestrictedFilters, Pages):
    """Pages of what has rights: those with more than the user's own can be looked at, and are changed by others."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may change users or groups, and this one."""
        return super().has_change_permission(request, obj) and _within(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may delete users or groups, and this one; nobody deletes himself."""
        return super().has_delete_permission(request, obj) and _within(request, obj) and obj != request.user

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form, with the way to the history."""
        context = {"show_history": True, **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What the audit trail has of it under its present name, the newest first."""
        about = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, about):
            raise PermissionDenied
        if about is None:
            raise Http404
        cursor = before_cursor(request)
        found = AuditEvent.objects.with_names().before(cursor).filter(action__in=TRAIL[self.model], subject=str(about))
        read = list(found[: PER_PAGE + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %(name)s") % {"name": about},
            "opts": self.opts,
            "events": [describe_event(event) for event in read[:PER_PAGE]],
            "newer": cursor is not None,
            "older": read[PER_PAGE - 1].pk if len(read) > PER_PAGE else None,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/auth/object_history.html", context)


def _within(request: HttpRequest, obj: User | Group | None) -> bool:
    return obj is None or may_change(cast("User", request.user), obj)


def _what_members_lose(group: Group) -> str:
    """Who loses rights with a group; "" where nobody is in it."""
    names = list(group.user_set.order_by("username").values_list("username", flat=True))
    told = ngettext(
        "%(count)s user loses the rights of %(group)s: %(names)s",
        "%(count)s users lose the rights of %(group)s: %(names)s",
        len(names),
    )
    shown = ", ".join(names[:MEMBERS_SHOWN]) + (" …" if len(names) > MEMBERS_SHOWN else "")
    return told % {"count": len(names), "group": group.name, "names": shown} if names else ""


def _without_ties(deleted: list[Any], tie: str) -> list[Any]:
    """What is deleted, a list of texts and lists, without the rows that only tie a user to a group."""
    kept = [_without_ties(entry, tie) if isinstance(entry, list) else entry for entry in deleted]
    return [entry for entry in kept if entry and not str(entry).startswith(f"{tie}: ")]


@admin.register(User)
class UserPages(WithinRights, UserAdmin, ModelAdmin):
    """Who may log in; the rights come from the groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "roles", "is_active", "is_superuser", "last_login"]
    filter_horizontal = []
    formfield_overrides = CHECKBOXES
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Personal info"), {"fields": ["first_name", "last_name", "email"]}),
        (_("Permissions"), {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        (_("Important dates"), {"fields": ["last_login", "date_joined"]}),
    ]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is deleted: the users and what is theirs, without the rows that tie them to groups."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        tie = User.groups.through._meta
        counts = {name: count for name, count in counts.items() if name != tie.verbose_name_plural}
        return _without_ties(deleted, capfirst(str(tie.verbose_name))), counts, lacking, protected

    @admin.display(description=_("groups"))
    def roles(self, user: User) -> str:
        """The groups that the user is in."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "-"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Users with their groups."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Superusers are made by superusers."""
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Groups with what they mean, as far as the user may do all of it."""
        if db_field.name == "groups":
            offered = groups_to_give(cast("User", request.user))
            kwargs |= {"form_class": RolesField, "queryset": offered.prefetch_related("permissions")}
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(Group)
class GroupPages(WithinRights, GroupAdmin, ModelAdmin):
    """Roles: what their members may do."""

    filter_horizontal = []
    formfield_overrides = CHECKBOXES

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is deleted: the groups, without the rows that tie them to permissions and users, which have no names."""
        deleted, _counts, lacking, protected = super().get_deleted_objects(objs, request)
        groups: list[Any] = [entry for entry in deleted if not isinstance(cast("Any", entry), list)]
        count = len(groups)
        groups += [told for group in objs if (told := _what_members_lose(group))]
        return groups, {self.opts.verbose_name_plural: count}, lacking, protected

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        """The permissions that something here asks for, as far as the user has them."""
        if db_field.name == "permissions" and request is not None:
            asked = Permission.objects.filter(content_type__model__in=["skill", "accesstoken", "user", "group"])
            asked = asked.exclude(codename="delete_accesstoken")
            asked |= Permission.objects.filter(codename="view_invocation")
            offered = asked.filter(pk__in=permissions_of(cast("User", request.user)).values("pk"))
            kwargs |= {"form_class": PermissionsField, "queryset": offered.select_related("content_type")}
        return super().formfield_for_manytomany(db_field, request, **kwargs)
