"""What an operation finds, read afresh under the lock that lasts until its transaction ends."""

from __future__ import annotations

from types import EllipsisType

from django.utils.translation import gettext as _

from skills_registry.catalog.generations import locked
from skills_registry.models import Skill, SkillVersion

from .errors import Conflict


def present(skill: Skill) -> Skill:
    """The skill, locked. Raises Conflict where it is deleted."""
    skill = locked(skill)
    if reason := why_absent(skill):
        raise Conflict(reason)
    return skill


def why_absent(skill: Skill) -> str:
    """The sentence that refuses changes of a deleted skill; "" for one that is there."""
    return "" if skill.deleted_at is None else _("{skill} is deleted. Restore it first.").format(skill=skill)


def present_version(version: SkillVersion) -> SkillVersion:
    """The version, with its skill locked. Raises Conflict where one of them is deleted."""
    skill = present(version.skill)
    found = SkillVersion.objects.ready().select_related("uploaded_by").filter(pk=version.pk).first()
    if found is None:
        raise Conflict(_("{version} no longer exists.").format(version=version))
    found.skill = skill
    return found


def live_number(skill: Skill) -> int | None:
    """The number of the live version, if any."""
    return skill.live_version.number if skill.live_version else None


def expect_live(skill: Skill, expected: int | EllipsisType | None) -> None:
    """Raise Conflict unless the live version is the one that the operator saw (None: none; `...`: did not look)."""
    number = live_number(skill)
    if expected is not ... and expected != number:
        now = _("v{number} is live").format(number=number) if number else _("no version is live")
        message = _("This skill changed while you were looking: {now}. Check it and try again.")
        raise Conflict(message.format(now=now))


def refuse_live(version: SkillVersion) -> None:
    """Raise Conflict where the version is what agents get."""
    if reason := why_in_use(version):
        raise Conflict(reason)


def why_in_use(version: SkillVersion) -> str:
    """The sentence that refuses what cannot be done to the live version; "" for any other."""
    if version.skill.live_version_id != version.pk:
        return ""
    message = _("{version} is live. Publish another version or deactivate {skill} first.")
    return message.format(version=version, skill=version.skill)
