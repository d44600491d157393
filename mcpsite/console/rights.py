"""Prevention of privilege escalation: users can change and grant only what they have themselves."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet


def may_change(actor: User, about: User | Group) -> bool:
    """Whether the actor has all permissions of a user or group; a superuser has all.

    Those of an inactive user count, because an editor could reactivate the account.
    """
    if actor.is_superuser:
        return True
    if isinstance(about, Group):
        held = about.permissions.all()
    elif about.is_superuser:
        return False
    else:
        held = Permission.objects.filter(Q(user=about) | Q(group__user=about))
    return not held.exclude(pk__in=permissions_of(actor).values("pk")).exists()


def permissions_of(actor: User) -> QuerySet[Permission]:
    """Return the permissions that the actor has and may therefore grant."""
    if actor.is_superuser:
        return Permission.objects.all()
    return Permission.objects.filter(Q(user=actor) | Q(group__user=actor)).distinct()


def grantable_groups(actor: User) -> QuerySet[Group]:
    """Return the groups whose permissions the actor all has."""
    if actor.is_superuser:
        return Group.objects.all()
    lacking = Permission.objects.exclude(pk__in=permissions_of(actor).values("pk"))
    return Group.objects.exclude(permissions__in=lacking)
