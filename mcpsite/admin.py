"""Admin pages of users and groups."""

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
from .console.rights import grantable_groups, may_change, permissions_of
from .console.roles import PermissionsField, RolesField

admin.site.unregister([User, Group])

if TYPE_CHECKING:
    from unfold.admin import ModelAdmin as Pages
else:
    Pages = object  # a ModelAdmin base would come between those classes and Django's in the MRO

MEMBERS_SHOWN = 20
CHECKBOXES: dict[Any, dict[str, Any]] = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}


class LimitedToOwnRights(RestrictedFilters, Pages):
    """Makes users and groups read-only if they have permissions that the current user lacks."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may change users or groups, and this one if given."""
        return super().has_change_permission(request, obj) and _may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may delete users or groups, and this one if given; never the user's own account."""
        return super().has_delete_permission(request, obj) and _may_change(request, obj) and obj != request.user

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form, with the history link."""
        context = {"show_history": True, **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the audit events recorded under the object's current name, newest first."""
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


def _may_change(request: HttpRequest, obj: User | Group | None) -> bool:
    return obj is None or may_change(cast("User", request.user), obj)


def _describe_lost_rights(group: Group) -> str:
    """Describe which members lose the rights of a group; "" if it has none."""
    names = list(group.user_set.order_by("username").values_list("username", flat=True))
    told = ngettext(
        "%(count)s user loses the rights of %(group)s: %(names)s",
        "%(count)s users lose the rights of %(group)s: %(names)s",
        len(names),
    )
    shown = ", ".join(names[:MEMBERS_SHOWN]) + (" …" if len(names) > MEMBERS_SHOWN else "")
    return told % {"count": len(names), "group": group.name, "names": shown} if names else ""


def _drop_relation_rows(deleted: list[Any], relation: str) -> list[Any]:
    """Remove the user-group relation rows from Django's nested list of objects to delete."""
    kept = [_drop_relation_rows(entry, relation) if isinstance(entry, list) else entry for entry in deleted]
    return [entry for entry in kept if entry and not str(entry).startswith(f"{relation}: ")]


@admin.register(User)
class UserPages(LimitedToOwnRights, UserAdmin, ModelAdmin):
    """Accounts; their permissions come from groups."""

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
        """Return what a deletion removes, without the user-group relation rows."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        relation = User.groups.through._meta
        counts = {name: count for name, count in counts.items() if name != relation.verbose_name_plural}
        return _drop_relation_rows(deleted, capfirst(str(relation.verbose_name))), counts, lacking, protected

    @admin.display(description=_("groups"))
    def roles(self, user: User) -> str:
        """The user's groups."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "-"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Prefetch groups."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only superusers may set `is_superuser`."""
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only groups whose permissions the user has, with descriptions."""
        if db_field.name == "groups":
            offered = grantable_groups(cast("User", request.user))
            kwargs |= {"form_class": RolesField, "queryset": offered.prefetch_related("permissions")}
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(Group)
class GroupPages(LimitedToOwnRights, GroupAdmin, ModelAdmin):
    """Roles: what their members may do."""

    filter_horizontal = []
    formfield_overrides = CHECKBOXES

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return the groups to delete, with the members that lose rights instead of relation rows."""
        deleted, _counts, lacking, protected = super().get_deleted_objects(objs, request)
        groups: list[Any] = [entry for entry in deleted if not isinstance(cast("Any", entry), list)]
        count = len(groups)
        groups += [told for group in objs if (told := _describe_lost_rights(group))]
        return groups, {self.opts.verbose_name_plural: count}, lacking, protected

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        """Offer only permissions that this product checks and that the user has."""
        if db_field.name == "permissions" and request is not None:
            asked = Permission.objects.filter(content_type__model__in=["skill", "accesstoken", "user", "group"])
            asked = asked.exclude(codename="delete_accesstoken")
            asked |= Permission.objects.filter(codename="view_invocation")
            offered = asked.filter(pk__in=permissions_of(cast("User", request.user)).values("pk"))
            kwargs |= {"form_class": PermissionsField, "queryset": offered.select_related("content_type")}
        return super().formfield_for_manytomany(db_field, request, **kwargs)
