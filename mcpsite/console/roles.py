"""Descriptions of permissions, and of groups (roles) by their permissions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.forms import ModelMultipleChoiceField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MEANINGS: dict[str, Any] = {
    "view_skill": _("see skills"),
    "view_invocation": _("see logged calls"),
    "upload_skill": _("upload, edit and request review"),
    "publish_skill": _("publish, roll back, deactivate, yank, review, delete versions, change tags"),
    "administer_skill": _("delete and restore skills, change owners, see the whole audit trail"),
    "view_accesstoken": _("see access tokens"),
    "add_accesstoken": _("create access tokens"),
    "change_accesstoken": _("revoke access tokens"),
    "view_user": _("see users"),
    "add_user": _("create users"),
    "change_user": _("change users"),
    "delete_user": _("delete users"),
    "view_group": _("see groups"),
    "add_group": _("create groups"),
    "change_group": _("change groups"),
    "delete_group": _("delete groups"),
}
"""By codename, in display order."""


def meaning(group: Group) -> str:
    """Describe what the members of a group may do. Prefetch `permissions` to avoid a query."""
    held = {permission.codename: permission.name for permission in group.permissions.all()}
    known = [str(text) for codename, text in MEANINGS.items() if codename in held]
    others = [name for codename, name in held.items() if codename not in MEANINGS]
    return gettext("; ").join([*known, *others]) or gettext("nothing")


class PermissionsField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at runtime
    """A choice of permissions with descriptions."""

    def label_from_instance(self, permission: Permission) -> str:
        """Return what the permission allows."""
        return str(MEANINGS.get(permission.codename) or permission.name)


class RolesField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at runtime
    """A choice of groups with descriptions."""

    def label_from_instance(self, group: Group) -> str:
        """Return the group's name and description."""
        return f"{group.name}: {meaning(group)}"
