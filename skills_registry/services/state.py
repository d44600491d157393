"""Lock skills for an operation and check their current state."""

from __future__ import annotations

from types import EllipsisType

from django.utils.translation import gettext as _

from skills_registry.catalog.generations import lock_skill
from skills_registry.models import Skill, SkillVersion

from .errors import Conflict


def lock_existing_skill(skill: Skill) -> Skill:
    """Lock the skill until the transaction ends and return its current row. Raises Conflict if it is deleted."""
    skill = lock_skill(skill)
    if reason := why_deleted(skill):
        raise Conflict(reason)
    return skill


def why_deleted(skill: Skill) -> str:
    """The message that refuses changes to a deleted skill; "" if it is not deleted."""
    return "" if skill.deleted_at is None else _("{skill} is deleted. Restore it first.").format(skill=skill)


def lock_existing_version(version: SkillVersion) -> SkillVersion:
    """Return the current row of a version, with its skill locked. Raises Conflict if either is deleted."""
    skill = lock_existing_skill(version.skill)
    found = SkillVersion.objects.ready().select_related("uploaded_by").filter(pk=version.pk).first()
    if found is None:
        raise Conflict(_("{version} no longer exists.").format(version=version))
    found.skill = skill
    return found


def live_number(skill: Skill) -> int | None:
    """The number of the live version; None if none is live."""
    return skill.live_version.number if skill.live_version else None


def check_expected_live(skill: Skill, expected: int | EllipsisType | None) -> None:
    """Raise Conflict unless `expected` is the live version (None: no live version; `...`: not checked)."""
    number = live_number(skill)
    if expected is not ... and expected != number:
        now = _("v{number} is live").format(number=number) if number else _("no version is live")
        message = _("This skill changed while you were looking: {now}. Check it and try again.")
        raise Conflict(message.format(now=now))


def refuse_live(version: SkillVersion) -> None:
    """Raise Conflict if the version is live."""
    if reason := why_live(version):
        raise Conflict(reason)


def why_live(version: SkillVersion) -> str:
    """The message that refuses to change a live version; "" if it is not live."""
    if version.skill.live_version_id != version.pk:
        return ""
    message = _("{version} is live. Publish another version or deactivate {skill} first.")
    return message.format(version=version, skill=version.skill)
