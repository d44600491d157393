"""The pointer to what is served, and who moved it."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING

from django.db import transaction

from skills_registry.generations import changed, locked, next_generation
from skills_registry.models import Publication, Skill, SkillVersion

from .errors import Conflict

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def publish(
    skill: Skill,
    number: int,
    *,
    actor: User | None = None,
    reason: str = "",
    expected_live: int | EllipsisType | None = ...,
) -> Publication:
    """Make a version the one that agents get; an older one than the live one is recorded as a rollback.

    `expected_live` is the number the caller saw as live (None: none); where that has changed since,
    and where nothing would change, Conflict is raised. SkillVersion.DoesNotExist for a number that
    is not there.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = locked(skill)
        version = SkillVersion.objects.ready().get(skill=skill, number=number)
        live = skill.live_version
        _expect_live(live, expected_live)
        if live == version:
            raise Conflict(f"{version} is live already.")
        older = live is not None and version.number < live.number
        action = Publication.Action.ROLLBACK if older else Publication.Action.PUBLISH
        return _point(skill, version, action, generation, actor=actor, reason=reason)


def rollback(
    skill: Skill,
    number: int | None = None,
    *,
    actor: User | None = None,
    reason: str = "",
    expected_live: int | EllipsisType | None = ...,
) -> Publication:
    """Publish an older version again; without a number, the one that was live before this one.

    Raises Conflict where there is nothing to go back to, or the number is not an older one.
    """
    live = skill.live_version
    if live is None:
        raise Conflict(f"{skill} is not live; publish the version you want.")
    target = rollback_target(skill) if number is None else number
    if target is None:
        raise Conflict(f"{skill} has no older version to go back to.")
    if target >= live.number:
        raise Conflict(f"v{target} is not older than v{live.number}, which is live; publish it instead.")
    expected = live.number if expected_live is ... else expected_live
    return publish(skill, target, actor=actor, reason=reason, expected_live=expected)


def rollback_target(skill: Skill) -> int | None:
    """The number of the newest version older than the live one that was live once."""
    if skill.live_version is None:
        return None
    earlier = Publication.objects.filter(
        skill=skill, version__number__lt=skill.live_version.number, version__state=SkillVersion.State.READY
    )
    return earlier.order_by("-generation").values_list("version__number", flat=True).first()


def deactivate(
    skill: Skill,
    *,
    actor: User | None = None,
    reason: str = "",
    expected_live: int | EllipsisType | None = ...,
) -> Publication:
    """Stop serving a skill; its versions stay. Raises Conflict where it is not live."""
    with transaction.atomic():
        generation = next_generation()
        skill = locked(skill)
        _expect_live(skill.live_version, expected_live)
        if skill.live_version is None:
            raise Conflict(f"{skill} is not live.")
        return _point(skill, None, Publication.Action.DEACTIVATE, generation, actor=actor, reason=reason)


def announce_again(skill: Skill) -> None:
    """Tell every projection of a skill anew, as after a change; for one that was damaged or lost."""
    with transaction.atomic():
        generation = next_generation()
        changed(locked(skill), generation)


def _expect_live(live: SkillVersion | None, expected: int | EllipsisType | None) -> None:
    number = live.number if live else None
    if expected is not ... and expected != number:
        now = f"v{number} is live" if number else "none is live"
        raise Conflict(f"Somebody was faster: by now {now}. Look at the skill again and repeat if it is still right.")


def _point(
    skill: Skill,
    version: SkillVersion | None,
    action: Publication.Action,
    generation: int,
    *,
    actor: User | None,
    reason: str,
) -> Publication:
    """Move the pointer, append the history, and announce both after the commit."""
    publication = Publication(
        skill=skill,
        action=action,
        version=version,
        previous=skill.live_version,
        generation=generation,
        actor=actor,
        reason=reason,
    )
    publication.save()
    skill.live_version = version
    skill.published_at = publication.created_at if version else None
    changed(skill, generation, "live_version", "published_at")
    return publication
