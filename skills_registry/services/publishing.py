"""Publish, roll back and deactivate: move the live pointer of a skill and record who moved it."""

from __future__ import annotations

from collections.abc import Collection
from types import EllipsisType
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from skills_registry.audit import Action, record
from skills_registry.catalog.generations import lock_skill, next_generation, save_change
from skills_registry.models import Publication, Skill, SkillVersion

from .errors import Conflict
from .reviewing import objections
from .state import check_expected_live, live_number, lock_existing_skill, why_deleted

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
    """Make a version live. Publishing a version older than the live one is recorded as a rollback.

    `expected_live` is the version number that the caller saw as live (None: no live version; `...`: not
    checked). Raises Conflict if another version is live by now or `why_not_publishable` has a reason, and
    SkillVersion.DoesNotExist if there is no such version.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = lock_existing_skill(skill)
        version = SkillVersion.objects.ready().get(skill=skill, number=number)
        version.skill, live = skill, skill.live_version
        check_expected_live(skill, expected_live)
        if refusal := why_not_publishable(version, actor):
            raise Conflict(refusal)
        older = live is not None and version.number < live.number
        action = Publication.Action.ROLLBACK if older else Publication.Action.PUBLISH
        return move_live_pointer(skill, version, action, generation, actor=actor, reason=reason)


def why_not_publishable(version: SkillVersion, actor: User | None) -> str:
    """Why `actor` (None: a command) cannot publish a ready version; "" if they can.

    Possible reasons: the skill is deleted, the version is already live or yanked, or a review is
    missing (see `objection`).
    """
    return refusals([version], actor)[version.pk]


def refusals(versions: Collection[SkillVersion], actor: User | None) -> dict[int, str]:
    """The result of `why_not_publishable` for each version by primary key, with one query for all of them."""
    reviews = objections(versions, actor)
    return {version.pk: _state_refusal(version) or reviews[version.pk] for version in versions}


def _state_refusal(version: SkillVersion) -> str:
    """Why nobody can publish the version, regardless of reviews; "" if nothing prevents it."""
    if reason := why_deleted(version.skill):
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
    """Publish an older version again; without a number, the `rollback_target`.

    Raises Conflict if there is no version to go back to or the number is not older than the live version,
    and whatever `publish` raises.
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
    """The most recently published version older than the live one that can be published again."""
    if skill.live_version is None:
        return None
    earlier = Publication.objects.filter(
        skill=skill,
        version__number__lt=skill.live_version.number,
        version__in=SkillVersion.objects.publishable().filter(skill=skill),
    )
    return earlier.order_by("-generation").values_list("version__number", flat=True).first()


def publication_target(skill: Skill) -> int | None:
    """The number of the version to publish next; None if there is nothing to publish.

    That is the waiting version. If none waits and the skill is not live, it is the version that was live
    last, or else the newest. `skill` must be read `with_summary`.
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
    """Stop serving a skill; its versions stay. Raises Conflict if it is not live."""
    with transaction.atomic():
        generation = next_generation()
        skill = lock_skill(skill)
        check_expected_live(skill, expected_live)
        if refusal := why_not_deactivatable(skill):
            raise Conflict(refusal)
        return move_live_pointer(skill, None, Publication.Action.DEACTIVATE, generation, actor=actor, reason=reason)


def why_not_deactivatable(skill: Skill) -> str:
    """Why a skill cannot be deactivated; "" if it can."""
    return "" if skill.live_version_id else _("{skill} is not live.").format(skill=skill)


def announce_again(skill: Skill) -> None:
    """Write every projection of a skill again, for example after one was damaged or lost."""
    with transaction.atomic():
        generation = next_generation()
        save_change(lock_skill(skill), generation)


def move_live_pointer(
    skill: Skill,
    version: SkillVersion | None,
    action: Publication.Action,
    generation: int,
    *,
    actor: User | None,
    reason: str,
) -> Publication:
    """Move the live pointer of a locked skill, append to its history, and announce the change after the commit."""
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
    save_change(skill, generation, "live_version", "published_at")
    return publication
