"""The operations on skills, each written once for the admin, the API and the commands; the only writer.

The order of writes is: reserve the number -> store the files -> mark the version ready -> move the
pointer -> announce. A crash between two steps leaves something to sweep or a projection to retry,
never a pointer to nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from . import storage
from .generations import changed, locked, next_generation
from .inspection import Inspection, inspect
from .models import Publication, Skill, SkillVersion, Upload
from .package import Package
from .projection import project_pending
from .scanner import scan

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

UPLOAD_LIFETIME = timedelta(days=1)
STORING_LIFETIME = timedelta(hours=1)
"""A version still `storing` after this belongs to a process that died."""


class StoreFailed(Exception):
    """The package store did not take what it was given; the message says what is as it was before."""


class Conflict(Exception):
    """The operation does not fit the present state; the message tells the operator what that is."""


def stage_upload(filename: str, data: bytes, *, user: User | None = None) -> Upload:
    """Keep an uploaded zip, valid or not, for its review; swept after a day. Raises StoreFailed."""
    upload = Upload(filename=filename[-255:], size=len(data), uploaded_by=user)
    try:
        storage.write_upload(upload.pk, data)
    except OSError as error:
        raise StoreFailed(f"The upload could not be kept: {error.strerror or error}") from error
    upload.save()
    return upload


def inspect_upload(upload: Upload) -> Inspection:
    """Inspect a staged zip. Raises FileNotFoundError where it has been swept."""
    return inspect(storage.read_upload(upload.pk))


def discard_upload(upload: Upload) -> None:
    """Forget a staged zip."""
    storage.delete_upload(upload.pk)
    upload.delete()


def create_version(package: Package, *, user: User | None = None, note: str = "") -> tuple[SkillVersion, bool]:
    """Store a package as its skill's next version; nothing that is served changes.

    Returns the version and True; or, where a version with the same bytes is there already, that
    version and False. Raises Conflict while another upload is storing the same bytes, StoreFailed
    where the store fails.
    """
    version, created = _reserve(package, user, note)
    if created:
        try:
            storage.write_version(version.skill.name, version.number, package.files, _sidecar(version))
        except OSError as error:
            _abandon(version)
            raise StoreFailed(
                f"{version} could not be stored and nothing was changed: {error.strerror or error}"
            ) from error
        _make_ready(version)
    return version, created


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


def delete_version(version: SkillVersion) -> None:
    """Remove a version that is not live, with its files; its number is never given out again, history stays.

    Raises Conflict for the live version and for one that is not (or no longer) there.
    """
    with transaction.atomic():
        generation = next_generation()
        skill = locked(version.skill)
        if skill.live_version_id == version.pk:
            raise Conflict(f"{version} is live. Publish another version or deactivate {skill} first.")
        ready = SkillVersion.objects.ready().filter(pk=version.pk)
        if not ready.update(state=SkillVersion.State.DELETING):
            raise Conflict(f"{version} is not there any more.")
        changed(skill, generation)
    _remove_files(version)


@dataclass(frozen=True)
class Swept:
    """What a sweep removed or mended."""

    uploads: int
    versions: int
    projections: int


def sweep() -> Swept:
    """Remove staged uploads after a day and versions that were never finished; retry pending projections."""
    now = timezone.now()
    uploads = storage.uploads_before(now - UPLOAD_LIFETIME)
    for upload in uploads:
        storage.delete_upload(upload)
    Upload.objects.filter(created_at__lt=now - UPLOAD_LIFETIME).delete()
    abandoned = SkillVersion.objects.filter(
        state=SkillVersion.State.STORING, created_at__lt=now - STORING_LIFETIME
    ).select_related("skill")
    for version in abandoned:
        _abandon(version)
    for version in SkillVersion.objects.filter(state=SkillVersion.State.DELETING).select_related("skill"):
        _remove_files(version)
    return Swept(len(uploads), len(abandoned), project_pending())


def _reserve(package: Package, user: User | None, note: str) -> tuple[SkillVersion, bool]:
    """Take the next number for a package, unless its bytes are there already."""
    findings = [finding.as_dict() for finding in scan(package)]  # takes long, and the lock below is everybody's
    with transaction.atomic():
        skill, _ = Skill.objects.get_or_create(name=package.manifest.name)
        skill = locked(skill)
        same = SkillVersion.objects.filter(skill=skill, digest=package.digest)
        if existing := same.ready().first():
            return existing, False
        storing = same.filter(state=SkillVersion.State.STORING)
        if storing.filter(created_at__gt=timezone.now() - STORING_LIFETIME).exists():
            raise Conflict(f"Another upload is storing the same package of {skill}; try again in a moment.")
        skill.last_number += 1
        skill.save(update_fields=["last_number", "updated_at"])
        version = SkillVersion.of(
            package, skill=skill, number=skill.last_number, findings=findings, note=note, uploaded_by=user
        )
        version.save()
        return version, True


def _make_ready(version: SkillVersion) -> None:
    with transaction.atomic():
        generation = next_generation()
        if not SkillVersion.objects.filter(pk=version.pk).update(state=SkillVersion.State.READY):
            raise Conflict(f"{version} took too long to store and was swept; upload it again.")
        changed(locked(version.skill), generation)
    version.refresh_from_db()


def _abandon(version: SkillVersion) -> None:
    """Drop a version that was never finished: row first, so that it cannot become ready meanwhile."""
    unfinished = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.STORING)
    if unfinished.delete()[0]:
        try:
            storage.delete_version(version.skill.name, version.number)
        except OSError:
            log.warning("files of %s stay in the store, unused, since it does not answer", version, exc_info=True)


def _remove_files(version: SkillVersion) -> None:
    """Remove a deleted version's files; where the store does not answer, a sweep tries again."""
    try:
        storage.delete_version(version.skill.name, version.number)
    except OSError:
        log.warning("files of %s are removed later, since the store does not answer", version, exc_info=True)
    else:
        deleting = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.DELETING)
        deleting.update(state=SkillVersion.State.DELETED)


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


def _sidecar(version: SkillVersion) -> dict[str, Any]:
    return {
        "skill_id": version.skill.name,
        "version": version.label,
        "digest": version.digest,
        "size": version.size,
        "files": version.files,
        "created_at": version.created_at.isoformat(),
        "created_by": version.uploaded_by.get_username() if version.uploaded_by else None,
        "note": version.note,
    }
