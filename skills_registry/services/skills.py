"""Set the tags and the owner of a skill; delete and restore it."""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from skills_registry.audit import Action, record
from skills_registry.catalog.generations import lock_skill, next_generation, save_change
from skills_registry.models import Publication, Skill
from skills_registry.tags import normalize_tags

from .errors import Conflict
from .publishing import move_live_pointer
from .state import check_expected_live, live_number, lock_existing_skill

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def set_tags(skill: Skill, tags: Iterable[str], *, actor: User | None = None, reason: str = "") -> Skill:
    """Replace a skill's tags and return the updated skill. Does nothing if the tags are already set.

    Raises InvalidTags, and Conflict if the skill is deleted.
    """
    wanted = normalize_tags(tags)
    with transaction.atomic():
        generation = next_generation()
        skill = lock_existing_skill(skill)
        if skill.tags != wanted:
            before, after = _tags_state(skill.tags), _tags_state(wanted)
            record(Action.SET_TAGS, skill, actor=actor, reason=reason, before=before, after=after)
            skill.tags = wanted
            save_change(skill, generation, "tags")
    return skill


def set_owner(skill: Skill, owner: User | None, *, actor: User | None = None, reason: str = "") -> Skill:
    """Set the contact for a skill (None: nobody) and return the updated skill.

    Ownership gives no permissions. Does nothing if the owner is already set. Raises Conflict if the skill
    is deleted.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = lock_existing_skill(skill)
        if skill.owner != owner:
            before, after = _owner_state(skill.owner), _owner_state(owner)
            record(Action.SET_OWNER, skill, actor=actor, reason=reason, before=before, after=after)
            skill.owner = owner
            save_change(skill, generation, "owner")
    return skill


def delete_skill(
    skill: Skill,
    *,
    actor: User | None = None,
    reason: str = "",
    deactivate: bool = False,
    expected_live: int | EllipsisType | None = ...,
) -> Skill:
    """Hide a skill: it is not listed, served or changed until it is restored.

    Its name stays taken; its versions, files and history stay. Raises Conflict if it is already deleted,
    if `expected_live` (see `publish`) is not the live version, and if it is live and `deactivate` is False.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = lock_existing_skill(skill)
        check_expected_live(skill, expected_live)
        before = {"deleted": False, "live": live_number(skill)}
        if skill.live_version is not None:
            if not deactivate:
                message = _("{version} is live. Deactivate {skill} first, or together with deleting it.")
                raise Conflict(message.format(version=skill.live_version, skill=skill))
            move_live_pointer(skill, None, Publication.Action.DEACTIVATE, generation, actor=actor, reason=reason)
        skill.deleted_at = timezone.now()
        save_change(skill, generation, "deleted_at")
        after = {"deleted": True, "live": None}
        record(Action.DELETE_SKILL, skill, actor=actor, reason=reason, before=before, after=after)
    return skill


def restore_skill(skill: Skill, *, actor: User | None = None, reason: str = "") -> Skill:
    """Restore a deleted skill. It is not served until a version is published.

    Raises Conflict if it is not deleted.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = lock_skill(skill)
        if refusal := why_not_restorable(skill):
            raise Conflict(refusal)
        skill.deleted_at = None
        save_change(skill, generation, "deleted_at")
        before, after = {"deleted": True}, {"deleted": False}
        record(Action.RESTORE_SKILL, skill, actor=actor, reason=reason, before=before, after=after)
    return skill


def why_not_restorable(skill: Skill) -> str:
    """Why a skill cannot be restored; "" if it can."""
    return _("{skill} is not deleted.").format(skill=skill) if skill.deleted_at is None else ""


def _tags_state(tags: list[str]) -> dict[str, list[str]]:
    return {"tags": tags}


def _owner_state(owner: User | None) -> dict[str, str | None]:
    return {"owner": owner.get_username() if owner else None}
