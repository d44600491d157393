"""Audit events for changes of users, groups and their permissions, wherever they are made.

Uses signals, because Django's own forms and commands make these changes.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from skills_registry.audit import Action, record

from .actor import actor

CREATED: dict[type[Model], Action] = {User: Action.CREATE_USER, Group: Action.CREATE_GROUP}
CHANGED: dict[type[Model], Action] = {User: Action.CHANGE_USER, Group: Action.CHANGE_GROUP}
DELETED: dict[type[Model], Action] = {User: Action.DELETE_USER, Group: Action.DELETE_GROUP}
TRAIL = {model: (CREATED[model], CHANGED[model], DELETED[model]) for model in (User, Group)}
"""Audit actions by model."""
RELATIONS: dict[type[Model], tuple[type[User | Group], str]] = {
    User.groups.through: (User, "groups"),
    User.user_permissions.through: (User, "user_permissions"),
    Group.permissions.through: (Group, "permissions"),
}
"""Owner and field of each many-to-many table."""

State = dict[str, Any]


def state_of(about: User | Group) -> State:
    """Return the audited fields of a user or group, without relations."""
    if isinstance(about, Group):
        return {"name": about.name}
    return {
        "name": about.get_username(),
        "staff": about.is_staff,
        "superuser": about.is_superuser,
        "active": about.is_active,
    }


def related_names(about: User | Group, field: str) -> list[str]:
    """Return the sorted names of the groups or permissions in a field."""
    related = getattr(about, field)
    if field == "groups":
        return sorted(related.values_list("name", flat=True))
    pairs = related.values_list("content_type__app_label", "codename")
    return sorted(f"{label}.{codename}" for label, codename in pairs)


def remember_stored(sender: type[User | Group], instance: User | Group, raw: bool, **_: Any) -> None:
    """Keep the stored object for comparison after saving."""
    instance._stored = None if raw else sender._base_manager.filter(pk=instance.pk).first()  # type: ignore[union-attr]


def record_save(
    sender: type[User | Group], instance: User | Group, created: bool, raw: bool, update_fields: Any, **_: Any
) -> None:
    """Record the creation, or the changed fields."""
    if raw:
        return
    after = state_of(instance)
    stored: User | Group | None = instance.__dict__.pop("_stored")
    if created or stored is None:
        _record(CREATED[sender], instance, after=after)
        return
    before = state_of(stored)
    changed = {name for name in after if after[name] != before[name]}
    old, new = ({name: state[name] for name in state if name in changed} for state in (before, after))
    if isinstance(instance, User) and isinstance(stored, User) and _new_password(instance, stored, update_fields):
        new["password"] = "changed"  # noqa: S105  # a word, never the value
    if new:
        _record(CHANGED[sender], instance, before=old or None, after=new)


def record_deletion(sender: type[User | Group], instance: User | Group, **_: Any) -> None:
    """Record what is deleted."""
    fields = (
        {"groups": "groups", "permissions": "user_permissions"} if sender is User else {"permissions": "permissions"}
    )
    before = state_of(instance) | {name: related_names(instance, field) for name, field in fields.items()}
    _record(DELETED[sender], instance, before=before)


def record_relation_change(
    sender: type[Model], instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    """Record a change of a user's groups, or of a user's or group's permissions."""
    owner, field = RELATIONS[sender]
    if action.startswith("pre_"):
        owners = _affected_owners(owner, field, instance, pk_set) if reverse else [instance]
        instance._related = [(about, related_names(about, field)) for about in owners]
        return
    for about, before in instance.__dict__.pop("_related"):
        after = related_names(about, field)
        if after != before:
            told = field.removeprefix("user_")
            _record(CHANGED[owner], about, before={told: before}, after={told: after})


def connect() -> None:
    """Connect the signal handlers."""
    for model in (User, Group):
        pre_save.connect(remember_stored, sender=model, dispatch_uid="mcpsite.console.access_trail")
        post_save.connect(record_save, sender=model, dispatch_uid="mcpsite.console.access_trail")
        pre_delete.connect(record_deletion, sender=model, dispatch_uid="mcpsite.console.access_trail")
    for through in RELATIONS:
        m2m_changed.connect(record_relation_change, sender=through, dispatch_uid="mcpsite.console.access_trail")


def _affected_owners(
    owner: type[User | Group], field: str, instance: Group | Permission, keys: set[int] | None
) -> QuerySet[Any]:
    """Return the owners affected by a change from the reverse side; without keys, all related ones."""
    return (
        owner._base_manager.filter(pk__in=keys) if keys is not None else owner._base_manager.filter(**{field: instance})
    )


def _new_password(user: User, stored: User, update_fields: Any) -> bool:
    """Whether the password changed, as opposed to being rehashed by Django at login."""
    hashed_anew = update_fields is not None and set(update_fields) == {"password"} and user._password is None  # type: ignore[attr-defined]  # not in the stubs
    return user.password != stored.password and not hashed_anew


def _record(action: Action, about: User | Group, *, before: State | None = None, after: State | None = None) -> None:
    who = actor()
    # The event cannot reference a user who is being deleted.
    gone = action == Action.DELETE_USER and who == about
    record(action, str(about), actor=None if gone else who, before=before, after=after)
