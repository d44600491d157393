"""Changes of tokens, users, groups and permissions in this process are told to whoever remembers callers.

That makes them hold at once; changes that no signal tells of (SQL, `QuerySet.update`) hold within five seconds.
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
"""Fields of a user that are saved by logging in, and say nothing of rights."""


def connect() -> None:
    """Watch the models that rights are made of."""
    for model in _MODELS:
        post_save.connect(_on_saved, sender=model, dispatch_uid="mcp_gateway.auth.change_signals")
        post_delete.connect(_on_deleted, sender=model, dispatch_uid="mcp_gateway.auth.change_signals")
    for relation in _RELATIONS:
        m2m_changed.connect(_on_related, sender=relation, dispatch_uid="mcp_gateway.auth.change_signals")


def _on_saved(*, created: bool, update_fields: Collection[str] | None, **_: Any) -> None:
    # What is new was held by nobody before.
    if not created and (update_fields is None or not _IRRELEVANT.issuperset(update_fields)):
        _tell()


def _on_deleted(**_: Any) -> None:
    _tell()


def _on_related(*, action: str, **_: Any) -> None:
    if action.startswith("post_"):
        _tell()


def _tell() -> None:
    transaction.on_commit(lambda: tokens_changed.send(AccessToken))
