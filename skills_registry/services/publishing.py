"""The pointer to what is served, and who moved it."""

from __future__ import annotations

from collections.abc import Collection
from types import EllipsisType
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from skills_registry.audit import Action, record
from skills_registry.catalog.generations import changed, locked, next_generation
from skills_registry.models import Publication, Skill, SkillVersion

from .errors import Conflict
from .reviewing import objections
from .state import expect_live, live_number, present, why_absent

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
    and where `why_not_publishable` has a reason, Conflict is raised.
    SkillVersion.DoesNotExist for a number that is not there.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = present(skill)
        version = SkillVersion.objects.ready().get(skill=skill, number=number)
        version.skill, live = skill, skill.live_version
        expect_live(skill, expected_live)
        if refusal := why_not_publishable(version, actor):
            raise Conflict(refusal)
        older = live is not None and version.number < live.number
        action = Publication.Action.ROLLBACK if older else Publication.Action.PUBLISH
        return point(skill, version, action, generation, actor=actor, reason=reason)


def why_not_publishable(version: SkillVersion, actor: User | None) -> str:
    """Why `actor` (None: a command) cannot publish a ready version as things are; "" where nothing forbids it.

    Its skill is deleted, it is live already, it was yanked, or there is an `objection` of the review.
    """
    return refusals([version], actor)[version.pk]


def refusals(versions: Collection[SkillVersion], actor: User | None) -> dict[int, str]:
    """`why_not_publishable` for each version, by its primary key; one query for all of them."""
    reviews = objections(versions, actor)
    return {version.pk: _refusal(version) or reviews[version.pk] for version in versions}


def _refusal(version: SkillVersion) -> str:
    """Why nobody can publish the version; "" where that depends on reviews alone."""
    if reason := why_absent(version.skill):
        return reason
    if version.skill.live_version_id == version.pk:
        return _("{version} is already live.").format(version=version)
    if version.yanked_at is not None:
        message = _("{version} was yanked and cannot be published: {reason}")
        return message.format(version=version, reason=version.yank_reason or _("no reason given"))
    return ""


def rollback(
    skill: Skill,
    number: int | None = None,
    *,
    actor: User | None = None,
    reason: str = "",
    expected_live: int | EllipsisType | None = ...,
) -> Publication:
    """Publish an older version again; without a number, the one that was live before this one.

    Raises Conflict where there is nothing to go back to, or the number is not an older one; see `publish`.
    """
    live = skill.live_version
    if live is None:
        raise Conflict(_("{skill} is not live; publish the version you want.").format(skill=skill))
    target = rollback_target(skill) if number is None else number
    if target is None:
        raise Conflict(_("{skill} has no older version to roll back to.").format(skill=skill))
    if target >= live.number:
        message = _("v{target} is not older than v{live}, which is live; publish it instead.")
        raise Conflict(message.format(target=target, live=live.number))
    expected = live.number if expected_live is ... else expected_live
    return publish(skill, target, actor=actor, reason=reason, expected_live=expected)


def rollback_target(skill: Skill) -> int | None:
    """The number of the newest version older than the live one that was live once and may be again."""
    if skill.live_version is None:
        return None
    earlier = Publication.objects.filter(
        skill=skill,
        version__number__lt=skill.live_version.number,
        version__in=SkillVersion.objects.publishable().filter(skill=skill),
    )
    return earlier.order_by("-generation").values_list("version__number", flat=True).first()


def publication_target(skill: Skill) -> int | None:
    """The number of the version to publish next, where one waits or none is live; None where all is as it should be.

    `skill` is read `with_summary`. Without one that waits it is the version that was live last, or the newest.
    """
    if skill.waiting_number or skill.live_version_id:
        return skill.waiting_number
    publishable = SkillVersion.objects.publishable().filter(skill=skill)
    earlier = Publication.objects.filter(skill=skill, version__in=publishable).order_by("-generation")
    last_live = earlier.values_list("version__number", flat=True).first()
    return last_live or publishable.order_by("-number").values_list("number", flat=True).first()


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
        expect_live(skill, expected_live)
        if refusal := why_not_deactivatable(skill):
            raise Conflict(refusal)
        return point(skill, None, Publication.Action.DEACTIVATE, generation, actor=actor, reason=reason)


def why_not_deactivatable(skill: Skill) -> str:
    """Why a skill cannot be deactivated; "" where it can."""
    return "" if skill.live_version_id else _("{skill} is not live.").format(skill=skill)


def announce_again(skill: Skill) -> None:
    """Tell every projection of a skill anew, as after a change; for one that was damaged or lost."""
    with transaction.atomic():
        generation = next_generation()
        changed(locked(skill), generation)


def point(
    skill: Skill,
    version: SkillVersion | None,
    action: Publication.Action,
    generation: int,
    *,
    actor: User | None,
    reason: str,
) -> Publication:
    """Move the pointer of a locked skill, append the history, and announce both after the commit."""
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
    before, after = {"live": live_number(skill)}, {"live": version.number if version else None}
    record(Action(action), version or skill, actor=actor, reason=reason, before=before, after=after)
    skill.live_version = version
    skill.published_at = publication.created_at if version else None
    changed(skill, generation, "live_version", "published_at")
    return publication
