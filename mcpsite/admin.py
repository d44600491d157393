"""Users and groups in the look of the other pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from .roles import PermissionsField, RolesField

admin.site.unregister([User, Group])

CHECKBOXES: dict[Any, dict[str, Any]] = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}


@admin.register(User)
class UserPages(UserAdmin, ModelAdmin):
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

    @admin.display(description=_("groups"))
    def roles(self, user: User) -> str:
        """The groups that the user is in."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "-"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Users with their groups."""
        return super().get_queryset(request).prefetch_related("groups")

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Groups with what they mean."""
        if db_field.name == "groups":
            kwargs |= {"form_class": RolesField, "queryset": Group.objects.prefetch_related("permissions")}
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(Group)
class GroupPages(GroupAdmin, ModelAdmin):
    """Roles: what their members may do."""

    filter_horizontal = []
    formfield_overrides = CHECKBOXES

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        """The permissions that something here asks for."""
        if db_field.name == "permissions":
            asked = Permission.objects.filter(content_type__model__in=["skill", "accesstoken", "user", "group"])
            asked = asked.exclude(codename="delete_accesstoken")
            asked |= Permission.objects.filter(codename="view_invocation")
            kwargs |= {"form_class": PermissionsField, "queryset": asked.select_related("content_type")}
        return super().formfield_for_manytomany(db_field, request, **kwargs)
