"""Yank versions: forbid publishing them without deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from skills_registry.audit import Action, record
from skills_registry.catalog.generations import next_generation, save_change
from skills_registry.models import SkillVersion

from .errors import Conflict
from .state import lock_existing_version, why_deleted, why_live

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def yank_version(version: SkillVersion, *, actor: User | None = None, reason: str = "") -> SkillVersion:
    """Forbid publishing a version and return it. Whoever tries to publish it is shown the reason.

    Raises Conflict if it is live, already yanked or deleted.
    """
    return _yank(version, True, actor, reason)


def unyank_version(version: SkillVersion, *, actor: User | None = None, reason: str = "") -> SkillVersion:
    """Allow publishing a yanked version again. Raises Conflict if it is not yanked or is deleted."""
    return _yank(version, False, actor, reason)


def why_not_yankable(version: SkillVersion, *, yank: bool = True) -> str:
    """Why a version cannot be yanked (or unyanked, if not `yank`); "" if it can."""
    if reason := why_deleted(version.skill) or why_live(version):
        return reason
    if (version.yanked_at is not None) != yank:
        return ""
    message = _("{version} is already yanked.") if yank else _("{version} is not yanked.")
    return message.format(version=version)


def _yank(version: SkillVersion, yank: bool, actor: User | None, reason: str) -> SkillVersion:
    with transaction.atomic():
        generation = next_generation()
        version = lock_existing_version(version)
        if refusal := why_not_yankable(version, yank=yank):
            raise Conflict(refusal)
        before = _yank_state(version)
        version.yanked_at = timezone.now() if yank else None
        version.yank_reason = reason if yank else ""
        stored = SkillVersion.objects.filter(pk=version.pk)
        stored.update(yanked_at=version.yanked_at, yank_reason=version.yank_reason)
        action = Action.YANK_VERSION if yank else Action.UNYANK_VERSION
        record(action, version, actor=actor, reason=reason, before=before, after=_yank_state(version))
        save_change(version.skill, generation)
    return version


def _yank_state(version: SkillVersion) -> dict[str, object]:
    return {"yanked": version.yanked_at is not None, "reason": version.yank_reason}
