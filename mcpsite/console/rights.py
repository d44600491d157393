"""Nobody gives more than he has: whom a user may change, and which groups and permissions he may hand on."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet


def may_change(actor: User, about: User | Group) -> bool:
    """Whether all rights of a user or group are rights of the actor, too; a superuser has all.

    Those of an inactive user count: whoever can change him can activate him again.
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
    """The permissions that the actor has, which are those that he may give."""
    if actor.is_superuser:
        return Permission.objects.all()
    return Permission.objects.filter(Q(user=actor) | Q(group__user=actor)).distinct()


def groups_to_give(actor: User) -> QuerySet[Group]:
    """The groups that allow nothing that the actor may not do."""
    if actor.is_superuser:
        return Group.objects.all()
    lacking = Permission.objects.exclude(pk__in=permissions_of(actor).values("pk"))
    return Group.objects.exclude(permissions__in=lacking)
