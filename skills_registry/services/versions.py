"""Create and delete versions. Neither changes which version is live."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from enum import Enum
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from invocations.resilience.sql_connections import release_connections
from skills_registry.audit import Action, record
from skills_registry.catalog.generations import lock_skill, next_generation, save_change
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.package import Package
from skills_registry.store import package_store
from skills_registry.tags import declared_tags

from .errors import Conflict, StoreFailed
from .state import lock_existing_skill, lock_existing_version, refuse_live

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

STORING_LIFETIME = timedelta(hours=1)
"""A version still `storing` after this is swept. If its process is alive, it gets a Conflict."""
STORING_PATIENCE = timedelta(seconds=10)
"""How long an upload waits for another upload of the same bytes, whose process may have died."""
STORING_POLL_SECONDS = 0.1


def create_version(
    package: Package,
    *,
    user: User | None = None,
    note: str = "",
    expected_latest: int | EllipsisType | None = ...,
    edited_from: int | None = None,
) -> tuple[SkillVersion, bool]:
    """Store a package as its skill's next version. Does not publish it.

    A new skill gets the tags from `metadata.tags` in its frontmatter, and its uploader as owner.
    Returns the version and True; or, if a version with the same bytes exists, that version and False.
    While another upload is storing the same bytes, this waits up to STORING_PATIENCE for it and then
    stores them itself; the first to finish is kept. `edited_from` is the number of the version that was
    edited, for the history.
    Raises Conflict if the skill is deleted or its newest version is not `expected_latest` (None: no
    version yet; `...`: not checked), and StoreFailed if the store fails.
    """
    version, created = _reserve_version(package, user, note, expected_latest)
    if not created:
        return version, False
    release_connections()  # storing takes a while, and other requests may need the connection
    try:
        package_store.write_version(version.skill.name, version.number, package.files, sidecar_content(version))
    except OSError as error:
        abandon_version(version)
        message = _("{version} could not be stored and nothing was changed: {error}")
        raise StoreFailed(message.format(version=version, error=error.strerror or error)) from error
    try:
        twin = _make_ready(version, expected_latest, edited_from)
    except Conflict:
        abandon_version(version)
        raise
    if twin is not None:
        abandon_version(version)
        return twin, False
    return version, True


def find_identical_version(skill: Skill, candidate: Package | SkillVersion) -> SkillVersion | None:
    """Find a ready version with the same files and at least the same executables; None if there is none.

    A zip need not record which files are executable, so a package with fewer executables is not new.
    """
    same = SkillVersion.objects.ready().filter(skill=skill, digest=candidate.digest)
    return next((version for version in same if candidate.executables <= version.executables), None)


class Removal(Enum):
    """What happened to the files of a deleted version."""

    GONE = "gone"
    COPIES_MAY_STAY = "copies may stay"
    """The bucket keeps noncurrent object versions, and this role may not delete them."""
    LATER = "later"
    """The store does not answer; `sweep` tries again."""


def delete_version(version: SkillVersion, *, actor: User | None = None, reason: str = "") -> Removal:
    """Delete a version and its files permanently. Its number is never reused, and its history stays.

    Raises Conflict if the version is live or already deleted, or if it was live once and is not yanked,
    so that one mistake cannot remove something that was published.
    """
    with transaction.atomic():
        generation = next_generation()
        version = lock_existing_version(version)
        refuse_live(version)
        if objection := why_not_deletable(version):
            raise Conflict(objection)
        SkillVersion.objects.filter(pk=version.pk).update(state=SkillVersion.State.DELETING)
        record(Action.DELETE_VERSION, version, actor=actor, reason=reason, before=_audit_outline(version))
        save_change(version.skill, generation)
    return remove_files(version)


def removal_warning(version: SkillVersion, removal: Removal) -> str:
    """The warning about remaining files of a deleted version; "" if none remain."""
    warnings = {
        Removal.GONE: "",
        Removal.COPIES_MAY_STAY: _(
            "The bucket may keep earlier copies of the files of {version} until its lifecycle rule removes them: "
            "the server has no permission to delete them."
        ),
        Removal.LATER: _("The store is not responding. The files of {version} will be removed later."),
    }
    return warnings[removal].format(version=version)


def why_not_deletable(version: SkillVersion) -> str:
    """Why a version that is not live cannot be deleted; "" if it can."""
    if not SkillVersion.objects.undeletable().filter(pk=version.pk).exists():
        return ""
    return _("{version} has been live. Yank it before you delete it.").format(version=version)


def last_uploader_other_than(skill: Skill, user: User | None) -> str:
    """The name of the user who uploaded the newest version, if it is not `user`; else ""."""
    newest = skill.versions.ready().select_related("uploaded_by").order_by("number").last()
    uploader = newest.uploaded_by if newest else None
    return uploader.get_username() if uploader and uploader != user else ""


def _reserve_version(
    package: Package, user: User | None, note: str, expected_latest: int | EllipsisType | None
) -> tuple[SkillVersion, bool]:
    """Reserve the next version number; returns the version and True, or an identical version and False.

    Waits while another upload is storing the same bytes, but not longer than three times
    STORING_PATIENCE, even if one such upload follows another.
    """
    defaults = {"owner": user, "tags": declared_tags(package.manifest.frontmatter)}
    deadline = time.monotonic() + 3 * STORING_PATIENCE.total_seconds()
    while True:
        with transaction.atomic():
            skill = lock_existing_skill(Skill.objects.get_or_create(name=package.manifest.name, defaults=defaults)[0])
            _check_expected_latest(skill, expected_latest, _is_ready() | _being_stored())
            same = SkillVersion.objects.filter(skill=skill, digest=package.digest)
            if existing := find_identical_version(skill, package):
                return existing, False
            if time.monotonic() > deadline or not same.filter(_being_stored()).exists():
                skill.last_number += 1
                skill.save(update_fields=["last_number", "updated_at"])
                version = SkillVersion.of(package, skill=skill, number=skill.last_number, note=note, uploaded_by=user)
                version.save()
                return version, True
        release_connections()
        time.sleep(STORING_POLL_SECONDS)


def _check_expected_latest(skill: Skill, expected: int | EllipsisType | None, counted: Q) -> None:
    """Raise Conflict unless the newest of the `counted` versions is the expected one."""
    if expected is ...:
        return
    taken = SkillVersion.objects.filter(counted, skill=skill)
    newest = taken.select_related("skill", "uploaded_by").order_by("number").last()
    if (newest.number if newest else None) != expected:
        message = _(
            "This skill changed while you were looking: the newest version is now {version}. Nothing was saved."
        )
        raise Conflict(message.format(version=_label_with_uploader(newest) if newest else _("none")))


def _label_with_uploader(version: SkillVersion) -> str:
    if version.uploaded_by is None:
        return version.label
    return _("{version} by {user}").format(version=version.label, user=version.uploaded_by.get_username())


def _is_ready() -> Q:
    return Q(state=SkillVersion.State.READY)


def _being_stored() -> Q:
    """Match versions that a process started to store within STORING_PATIENCE."""
    return Q(state=SkillVersion.State.STORING, created_at__gt=timezone.now() - STORING_PATIENCE)


def _make_ready(
    version: SkillVersion, expected_latest: int | EllipsisType | None, edited_from: int | None
) -> SkillVersion | None:
    """Mark the version ready; or return an identical version that was ready first.

    Raises Conflict if the newest version is not `expected_latest`, or if this version was swept.
    """
    with transaction.atomic():
        generation = next_generation()
        if twin := find_identical_version(version.skill, version):
            return twin
        _check_expected_latest(version.skill, expected_latest, _is_ready())
        if not SkillVersion.objects.filter(pk=version.pk).update(state=SkillVersion.State.READY):
            message = _("{version} took too long to store and was removed. Upload it again.")
            raise Conflict(message.format(version=version))
        base = {} if edited_from is None else {"edited_from": edited_from}
        mended = [problem["line"] for problem in version.warnings if problem["code"] == "skill-md-mended"]
        after = {**_audit_outline(version), **base, **({"mended": mended} if mended else {})}
        record(Action.CREATE_VERSION, version, actor=version.uploaded_by, reason=version.note, after=after)
        save_change(lock_skill(version.skill), generation)
    version.refresh_from_db()
    return None


def abandon_version(version: SkillVersion) -> None:
    """Remove an unfinished version: the row first, so that it cannot become ready meanwhile.

    The skill is announced, since its last number has changed.
    """
    with transaction.atomic():
        generation = next_generation()
        unfinished = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.STORING)
        if not unfinished.delete()[0]:
            return
        save_change(lock_skill(version.skill), generation)
    try:
        package_store.delete_version(version.skill.name, version.number)
    except OSError:
        log.warning("unused files of %s stay in the store, which does not answer", version, exc_info=True)


def remove_files(version: SkillVersion) -> Removal:
    """Remove a deleted version's files; if the store does not answer, `sweep` tries again."""
    try:
        complete = package_store.delete_version(version.skill.name, version.number)
    except OSError:
        log.warning("files of %s will be removed later: the store does not answer", version, exc_info=True)
        return Removal.LATER
    deleting = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.DELETING)
    deleting.update(state=SkillVersion.State.DELETED)
    return Removal.GONE if complete else Removal.COPIES_MAY_STAY


def sidecar_content(version: SkillVersion) -> dict[str, Any]:
    """The content of a version's sidecar file."""
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


def _audit_outline(version: SkillVersion) -> dict[str, Any]:
    return {"version": version.number, "digest": version.digest, "files": version.file_count, "size": version.size}
