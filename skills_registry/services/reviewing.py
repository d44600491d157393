"""Four eyes: what others say of a version before it goes live, and whether it may."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from skills_registry.audit import Action, record
from skills_registry.models import Publication, Review, SkillVersion

from .errors import Conflict
from .state import present_version, refuse_live

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Verdict = SkillVersion.Review


def request_review(version: SkillVersion, *, actor: User, comment: str = "") -> Review:
    """Ask others to look at a version; also again, after it was sent back.

    Raises Conflict where it waits for review or is approved already, is live, yanked or deleted.
    """
    with transaction.atomic():
        version = _reviewable(version)
        if version.review in (Verdict.REQUESTED, Verdict.APPROVED):
            raise Conflict(_said(version))
        return _say(version, Verdict.REQUESTED, Action.REQUEST_REVIEW, actor, comment)


def approve(version: SkillVersion, *, actor: User, comment: str = "") -> Review:
    """Let a version go live, as far as the review is concerned; whether a review was asked for or not.

    Raises Conflict for the version's own uploader, where it is approved already or was sent back (then a
    review has to be asked for again), and where it is live, yanked or deleted.
    """
    with transaction.atomic():
        version = _reviewable(version)
        if actor.pk == version.uploaded_by_id:
            raise Conflict(_("You created {version}, so someone else must approve it.").format(version=version))
        if version.review in (Verdict.APPROVED, Verdict.SENT_BACK):
            raise Conflict(_said(version))
        return _say(version, Verdict.APPROVED, Action.APPROVE, actor, comment)


def send_back(version: SkillVersion, *, actor: User, comment: str) -> Review:
    """Say what has to become better before a version may go live; takes an approval back, too.

    Raises Conflict without a comment, where it was sent back already, and where it is live, yanked or deleted.
    """
    if not comment.strip():
        raise Conflict(_("Say what needs to be improved."))
    with transaction.atomic():
        version = _reviewable(version)
        if version.review == Verdict.SENT_BACK:
            raise Conflict(_said(version))
        return _say(version, Verdict.SENT_BACK, Action.SEND_BACK, actor, comment)


def objection(version: SkillVersion, actor: User | None) -> str:
    """Why REQUIRE_REVIEW does not let `actor` publish the version (None: a command); "" where it does.

    It must be approved, which its uploader cannot do, and somebody else than its uploader must publish
    it. A version that was live before needs neither, so that going back is never held up; unless it was
    sent back since, which an approval ends and a new request does not.
    """
    return objections([version], actor)[version.pk]


def objections(versions: Collection[SkillVersion], actor: User | None) -> dict[int, str]:
    """The `objection` to each version, by its primary key; one query for all of them, two where some were asked for."""
    if not settings.REQUIRE_REVIEW:
        return dict.fromkeys((version.pk for version in versions), "")
    published = Publication.objects.filter(version__in=[version.pk for version in versions])
    free = set(published.values_list("version", flat=True)) - _sent_back(versions)
    return {version.pk: _objection(version, actor, free) for version in versions}


def _sent_back(versions: Collection[SkillVersion]) -> set[int]:
    """The versions whose last verdict is that they were sent back, also where a review was asked for since."""
    asked = [version.pk for version in versions if version.review == Verdict.REQUESTED]
    verdicts = Review.objects.filter(version__in=asked).exclude(verdict=Verdict.REQUESTED) if asked else []
    last = {review.version_id: review.verdict for review in sorted(verdicts, key=lambda review: review.pk)}
    last |= {version.pk: version.review for version in versions if version.review == Verdict.SENT_BACK}
    return {pk for pk, verdict in last.items() if verdict == Verdict.SENT_BACK}


def _objection(version: SkillVersion, actor: User | None, free: Collection[int]) -> str:
    if version.pk in free:
        return ""
    if version.review != Verdict.APPROVED:
        message = _("{said} Someone other than its uploader must approve it before it can be published.")
        return message.format(said=_said(version))
    if actor is not None and actor.pk == version.uploaded_by_id:
        return _("You created {version}, so someone else must publish it.").format(version=version)
    return ""


def _reviewable(version: SkillVersion) -> SkillVersion:
    version = present_version(version)
    refuse_live(version)
    if version.yanked_at is not None:
        raise Conflict(_("{version} was yanked.").format(version=version))
    return version


def _said(version: SkillVersion) -> str:
    sentences = {
        Verdict.NONE: _("{version} has not been reviewed."),
        Verdict.REQUESTED: _("{version} is waiting for review."),
        Verdict.APPROVED: _("{version} is approved."),
        Verdict.SENT_BACK: _("{version} was sent back."),
    }
    return sentences[Verdict(version.review)].format(version=version)


def _say(version: SkillVersion, verdict: SkillVersion.Review, action: Action, actor: User, comment: str) -> Review:
    review = Review(version=version, verdict=verdict, actor=actor, comment=comment)
    review.save()
    SkillVersion.objects.filter(pk=version.pk).update(review=verdict)
    before, after = {"review": version.review}, {"review": verdict.value}
    record(action, version, actor=actor, reason=comment, before=before, after=after)
    version.review = verdict
    return review
