"""Who may do what through the API: the same permissions as in the admin."""

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
    """The user must hold the permission that the view names for its action (`permissions`)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request's user may call this action of the view. Raises MethodNotAllowed."""
        if not (request.user and request.user.is_authenticated):
            return False
        if view.action == "metadata":  # OPTIONS, which says what the path has
            return True
        if view.action is None:  # refused here: DRF would call a function of the view that has the method's name
            raise MethodNotAllowed(str(request.method))
        permission = view.permissions.get(view.action)
        return permission is not None and request.user.has_perm(permission)
