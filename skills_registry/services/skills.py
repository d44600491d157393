"""A skill as a whole: its tags, its owner, and whether it is there at all."""

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
from skills_registry.tags import normal_tags

from .errors import Conflict
from .publishing import point
from .state import expect_live, live_number, present

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def set_tags(skill: Skill, tags: Iterable[str], *, actor: User | None = None, reason: str = "") -> Skill:
    """Replace a skill's tags, which gateways see at once; the skill as it is now.

    Setting what is set already does nothing. Raises InvalidTags, and Conflict where the skill is deleted.
    """
    wanted = normal_tags(tags)
    with transaction.atomic():
        generation = next_generation()
        skill = present(skill)
        if skill.tags != wanted:
            record(Action.SET_TAGS, skill, actor=actor, reason=reason, before=_tags(skill.tags), after=_tags(wanted))
            skill.tags = wanted
            save_change(skill, generation, "tags")
    return skill


def set_owner(skill: Skill, owner: User | None, *, actor: User | None = None, reason: str = "") -> Skill:
    """Say whom to ask about a skill, or (None) nobody; the skill as it is now.

    An owner has no rights by being one. Setting who is set already does nothing. Raises Conflict where
    the skill is deleted.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = present(skill)
        if skill.owner != owner:
            before, after = _owner(skill.owner), _owner(owner)
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
    """Hide a skill: it is in no list, and nothing of it changes or is served until it is restored.

    Its name stays taken, and versions, files and history stay as they are. Raises Conflict where it is
    deleted already, where `expected_live` (see `publish`) is not what is live, and where it is live,
    unless `deactivate` says that it is to be served no longer.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = present(skill)
        expect_live(skill, expected_live)
        before = {"deleted": False, "live": live_number(skill)}
        if skill.live_version is not None:
            if not deactivate:
                message = _("{version} is live. Deactivate {skill} first, or together with deleting it.")
                raise Conflict(message.format(version=skill.live_version, skill=skill))
            point(skill, None, Publication.Action.DEACTIVATE, generation, actor=actor, reason=reason)
        skill.deleted_at = timezone.now()
        save_change(skill, generation, "deleted_at")
        after = {"deleted": True, "live": None}
        record(Action.DELETE_SKILL, skill, actor=actor, reason=reason, before=before, after=after)
    return skill


def restore_skill(skill: Skill, *, actor: User | None = None, reason: str = "") -> Skill:
    """Bring a deleted skill back with all there was; nothing is served of it until a version is published.

    Raises Conflict where it is not deleted.
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
    """Why a skill cannot be restored; "" where it can."""
    return _("{skill} is not deleted.").format(skill=skill) if skill.deleted_at is None else ""


def _tags(tags: list[str]) -> dict[str, list[str]]:
    return {"tags": tags}


def _owner(owner: User | None) -> dict[str, str | None]:
    return {"owner": owner.get_username() if owner else None}
