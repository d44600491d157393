"""Reviews: approval of a version by another person before it goes live."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from skills_registry.audit import Action, record
from skills_registry.models import Publication, Review, SkillVersion

from .errors import Conflict
from .state import lock_existing_version, refuse_live

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Verdict = SkillVersion.Review


def request_review(version: SkillVersion, *, actor: User, comment: str = "") -> Review:
    """Ask for a review of a version, for the first time or after it was sent back.

    Raises Conflict if it already waits for review or is approved, and if it is live, yanked or deleted.
    """
    with transaction.atomic():
        version = _lock_reviewable_version(version)
        if version.review in (Verdict.REQUESTED, Verdict.APPROVED):
            raise Conflict(_review_state_text(version))
        return _record_review(version, Verdict.REQUESTED, Action.REQUEST_REVIEW, actor, comment)


def approve(version: SkillVersion, *, actor: User, comment: str = "") -> Review:
    """Approve a version, whether a review was requested or not.

    Raises Conflict if the actor uploaded it, if it is already approved or was sent back (a new review must
    be requested first), and if it is live, yanked or deleted.
    """
    with transaction.atomic():
        version = _lock_reviewable_version(version)
        if actor.pk == version.uploaded_by_id:
            raise Conflict(_("You created {version}, so someone else must approve it.").format(version=version))
        if version.review in (Verdict.APPROVED, Verdict.SENT_BACK):
            raise Conflict(_review_state_text(version))
        return _record_review(version, Verdict.APPROVED, Action.APPROVE, actor, comment)


def send_back(version: SkillVersion, *, actor: User, comment: str) -> Review:
    """Reject a version with a comment that says what to change. Withdraws an earlier approval.

    Raises Conflict if the comment is blank, if the version was already sent back, and if it is live, yanked
    or deleted.
    """
    if not comment.strip():
        raise Conflict(_("Say what needs to be improved."))
    with transaction.atomic():
        version = _lock_reviewable_version(version)
        if version.review == Verdict.SENT_BACK:
            raise Conflict(_review_state_text(version))
        return _record_review(version, Verdict.SENT_BACK, Action.SEND_BACK, actor, comment)


def objection(version: SkillVersion, actor: User | None) -> str:
    """Why REQUIRE_REVIEW does not let `actor` (None: a command) publish the version; "" if it does.

    The version must be approved and published by people other than its uploader. A version that was live
    before needs neither, so that a rollback is never held up, unless it was sent back since and not
    approved again.
    """
    return objections([version], actor)[version.pk]


def objections(versions: Collection[SkillVersion], actor: User | None) -> dict[int, str]:
    """The `objection` to each version by primary key. At most two queries for all of them."""
    if not settings.REQUIRE_REVIEW:
        return dict.fromkeys((version.pk for version in versions), "")
    published = Publication.objects.filter(version__in=[version.pk for version in versions])
    exempt = set(published.values_list("version", flat=True)) - _sent_back(versions)
    return {version.pk: _objection(version, actor, exempt) for version in versions}


def _sent_back(versions: Collection[SkillVersion]) -> set[int]:
    """The primary keys of versions that were sent back and not approved since."""
    requested = [version.pk for version in versions if version.review == Verdict.REQUESTED]
    verdicts = Review.objects.filter(version__in=requested).exclude(verdict=Verdict.REQUESTED) if requested else []
    last = {review.version_id: review.verdict for review in sorted(verdicts, key=lambda review: review.pk)}
    last |= {version.pk: version.review for version in versions if version.review == Verdict.SENT_BACK}
    return {pk for pk, verdict in last.items() if verdict == Verdict.SENT_BACK}


def _objection(version: SkillVersion, actor: User | None, exempt: Collection[int]) -> str:
    if version.pk in exempt:
        return ""
    if version.review != Verdict.APPROVED:
        message = _("{said} Someone other than its uploader must approve it before it can be published.")
        return message.format(said=_review_state_text(version))
    if actor is not None and actor.pk == version.uploaded_by_id:
        return _("You created {version}, so someone else must publish it.").format(version=version)
    return ""


def _lock_reviewable_version(version: SkillVersion) -> SkillVersion:
    version = lock_existing_version(version)
    refuse_live(version)
    if version.yanked_at is not None:
        raise Conflict(_("{version} was yanked.").format(version=version))
    return version


def _review_state_text(version: SkillVersion) -> str:
    sentences = {
        Verdict.NONE: _("{version} has not been reviewed."),
        Verdict.REQUESTED: _("{version} is waiting for review."),
        Verdict.APPROVED: _("{version} is approved."),
        Verdict.SENT_BACK: _("{version} was sent back."),
    }
    return sentences[Verdict(version.review)].format(version=version)


def _record_review(
    version: SkillVersion, verdict: SkillVersion.Review, action: Action, actor: User, comment: str
) -> Review:
    review = Review(version=version, verdict=verdict, actor=actor, comment=comment)
    review.save()
    SkillVersion.objects.filter(pk=version.pk).update(review=verdict)
    before, after = {"review": version.review}, {"review": verdict.value}
    record(action, version, actor=actor, reason=comment, before=before, after=after)
    version.review = verdict
    return review
