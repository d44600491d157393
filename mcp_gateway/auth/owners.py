"""What the owners of access tokens may do, asked in the query that finds the tokens."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q

READ_PERMISSION = "skills_registry.view_skill"
"""What a token's owner must hold for the gateway to serve whoever shows it."""


def owner_may(permission: str) -> Q:
    """Whether a token's owner holds a permission, as `User.has_perm` says: by a group, directly, or as a superuser.

    `User.objects.with_perm` says the same, and joins all holders of the permission to do so.
    """
    app_label, codename = permission.split(".")
    permissions = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
    directly, by_group = permissions.filter(user=OuterRef("user")), permissions.filter(group__user=OuterRef("user"))
    return Q(user__is_active=True) & (Q(user__is_superuser=True) | Q(Exists(directly)) | Q(Exists(by_group)))
