"""Versions come in and go; what is served does not change by either."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from skills_registry import storage
from skills_registry.generations import changed, locked, next_generation
from skills_registry.models import Skill, SkillVersion
from skills_registry.package import Package
from skills_registry.scanner import scan
from skills_registry.tags import declared_tags

from .errors import Conflict, StoreFailed

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

STORING_LIFETIME = timedelta(hours=1)
"""A version still `storing` after this belongs to a process that died."""


def create_version(package: Package, *, user: User | None = None, note: str = "") -> tuple[SkillVersion, bool]:
    """Store a package as its skill's next version; nothing that is served changes.

    A new skill starts with the tags of its frontmatter's `metadata.tags`, and its uploader as owner.

    Returns the version and True; or, where a version with the same bytes is there already, that
    version and False. Raises Conflict while another upload is storing the same bytes, StoreFailed
    where the store fails.
    """
    version, created = _reserve(package, user, note)
    if created:
        try:
            storage.write_version(version.skill.name, version.number, package.files, _sidecar(version))
        except OSError as error:
            abandon(version)
            raise StoreFailed(
                f"{version} could not be stored and nothing was changed: {error.strerror or error}"
            ) from error
        _make_ready(version)
    return version, created


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
    remove_files(version)


def _reserve(package: Package, user: User | None, note: str) -> tuple[SkillVersion, bool]:
    """Take the next number for a package, unless its bytes are there already."""
    findings = [finding.as_dict() for finding in scan(package)]  # takes long, and the lock below is everybody's
    with transaction.atomic():
        first = {"owner": user, "tags": declared_tags(package.manifest.frontmatter)}
        skill, _ = Skill.objects.get_or_create(name=package.manifest.name, defaults=first)
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


def abandon(version: SkillVersion) -> None:
    """Drop a version that was never finished: row first, so that it cannot become ready meanwhile."""
    unfinished = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.STORING)
    if unfinished.delete()[0]:
        try:
            storage.delete_version(version.skill.name, version.number)
        except OSError:
            log.warning("files of %s stay in the store, unused, since it does not answer", version, exc_info=True)


def remove_files(version: SkillVersion) -> None:
    """Remove a deleted version's files; where the store does not answer, a sweep tries again."""
    try:
        storage.delete_version(version.skill.name, version.number)
    except OSError:
        log.warning("files of %s are removed later, since the store does not answer", version, exc_info=True)
    else:
        deleting = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.DELETING)
        deleting.update(state=SkillVersion.State.DELETED)


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
