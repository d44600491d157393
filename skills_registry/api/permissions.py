"""API permissions: the same as in the admin."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

VIEW, UPLOAD, PUBLISH, ADMINISTER = (
    f"skills_registry.{name}_skill" for name in ("view", "upload", "publish", "administer")
)
LOGS = "invocations.view_invocation"


class RegistryPermissions(BasePermission):
    """Require the permission that the view's `permissions` names for the action; deny actions without one."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request's user may call this action of the view. Raises MethodNotAllowed."""
        if not (request.user and request.user.is_authenticated):
            return False
        if view.action == "metadata":  # OPTIONS
            return True
        if view.action is None:  # DRF would call a function of the view named like the HTTP method
            raise MethodNotAllowed(str(request.method))
        permission = view.permissions.get(view.action)
        return permission is not None and request.user.has_perm(permission)
