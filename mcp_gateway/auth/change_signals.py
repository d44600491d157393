"""Invalidates cached callers when tokens, users, groups or permissions change in this process.

Such changes take effect at once. Changes without a signal (SQL, `QuerySet.update`) take effect within five seconds.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from mcp_gateway.models import AccessToken
from mcp_gateway.signals import tokens_changed

_MODELS = (AccessToken, User, Group, Permission)
_RELATIONS = (User.groups.through, User.user_permissions.through, Group.permissions.through)
_IRRELEVANT = {"last_login", "password"}
"""User fields saved at login, which don't affect permissions."""


def connect() -> None:
    """Watch all models that determine permissions."""
    for model in _MODELS:
        post_save.connect(_on_saved, sender=model, dispatch_uid="mcp_gateway.auth.change_signals")
        post_delete.connect(_on_deleted, sender=model, dispatch_uid="mcp_gateway.auth.change_signals")
    for relation in _RELATIONS:
        m2m_changed.connect(_on_related, sender=relation, dispatch_uid="mcp_gateway.auth.change_signals")


def _on_saved(*, created: bool, update_fields: Collection[str] | None, **_: Any) -> None:
    # A new object cannot be in the cache.
    if not created and (update_fields is None or not _IRRELEVANT.issuperset(update_fields)):
        _announce()


def _on_deleted(**_: Any) -> None:
    _announce()


def _on_related(*, action: str, **_: Any) -> None:
    if action.startswith("post_"):
        _announce()


def _announce() -> None:
    transaction.on_commit(lambda: tokens_changed.send(AccessToken))
