"""Every way in which a token's owner loses access to the gateway."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from mcp_gateway.auth import create_token, revoke_token
from mcp_gateway.models import AccessToken

PROMISED_SECONDS = 5.0
"""Seconds within which a loss takes effect without a message between replicas."""


class Clock:
    """Replaces the module `time` where cache ages are measured."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def time(self) -> float:
        return time.time() + self.ahead


def view_skill() -> Permission:
    """Return the permission that the gateway requires."""
    return Permission.objects.get(codename="view_skill", content_type__app_label="skills_registry")


@dataclass(frozen=True)
class Loss:
    """`give` grants the owner access, `take` removes it; then requests get this HTTP status."""

    give: Callable[[User], object]
    take: Callable[[User, AccessToken], object]
    status: int


def directly(user: User) -> None:
    """Grant the permission to the user."""
    user.user_permissions.add(view_skill())


def by_group(user: User) -> None:
    """Grant the permission through a group."""
    group = Group.objects.create(name=f"readers with {user.get_username()}")
    group.permissions.add(view_skill())
    user.groups.add(group)


def as_superuser(user: User) -> None:
    """Make the user a superuser."""
    _set(user, is_superuser=True)


def _set(row: User | AccessToken, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values])


LOSSES: Mapping[str, Loss] = {
    "owner deactivated": Loss(directly, lambda user, token: _set(user, is_active=False), 401),
    "superuser deactivated": Loss(as_superuser, lambda user, token: _set(user, is_active=False), 401),
    "owner deleted": Loss(directly, lambda user, token: user.delete(), 401),
    "permission taken": Loss(directly, lambda user, token: user.user_permissions.remove(view_skill()), 403),
    "permissions set anew": Loss(directly, lambda user, token: user.user_permissions.set([]), 403),
    "user removed from the group": Loss(by_group, lambda user, token: user.groups.clear(), 403),
    "group loses its member": Loss(by_group, lambda user, token: user.groups.get().user_set.clear(), 403),
    "group loses the permission": Loss(
        by_group, lambda user, token: user.groups.get().permissions.remove(view_skill()), 403
    ),
    "group deleted": Loss(by_group, lambda user, token: user.groups.get().delete(), 403),
    "superuser flag taken": Loss(as_superuser, lambda user, token: _set(user, is_superuser=False), 403),
    "token revoked": Loss(directly, lambda user, token: revoke_token(token), 401),
    "token deleted": Loss(directly, lambda user, token: token.delete(), 401),
    "token made to end": Loss(
        directly, lambda user, token: _set(token, expires_at=timezone.now() - timedelta(seconds=1)), 401
    ),
    "scope taken": Loss(directly, lambda user, token: _set(token, scopes=["skills:write"]), 403),
}


def holder(loss: Loss, name: str = "rita") -> tuple[User, AccessToken, str]:
    """Create a user with access, and a token; return both and the token's text."""
    user = User.objects.create_user(name)
    loss.give(user)
    token, text = create_token(user, "for tests")
    return user, token, text
