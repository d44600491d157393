"""Who may do what through the API: the same permissions as in the admin."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

VIEW, UPLOAD, PUBLISH, ADMINISTER = (
    f"skills_registry.{name}_skill" for name in ("view", "upload", "publish", "administer")
)
LOGS = "invocations.view_invocation"


class RegistryPermissions(BasePermission):
    """The user must hold the permission that the view names for its action (`permissions`)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request's user may call this action of the view."""
        if not (request.user and request.user.is_authenticated):
            return False
        # OPTIONS, and a method that the path does not have: the answer is what it does have.
        if view.action in (None, "metadata"):
            return True
        return request.user.has_perm(view.permissions[view.action])
