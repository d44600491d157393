"""Permissions of token owners, as expressions for the query that finds the token."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q

READ_PERMISSION = "skills_registry.view_skill"
"""The permission a token's owner needs for the token to be accepted by the gateway."""


def owner_has_permission(permission: str) -> Q:
    """Return a condition that a token's owner has a permission, equivalent to `User.has_perm`.

    Not `User.objects.with_perm`, which joins all holders of the permission.
    """
    app_label, codename = permission.split(".")
    permissions = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
    directly, by_group = permissions.filter(user=OuterRef("user")), permissions.filter(group__user=OuterRef("user"))
    return Q(user__is_active=True) & (Q(user__is_superuser=True) | Q(Exists(directly)) | Q(Exists(by_group)))
