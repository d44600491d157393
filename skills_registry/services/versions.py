"""Versions come in and go; what is served does not change by either."""

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
from skills_registry.catalog.generations import changed, locked, next_generation
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.package import Package
from skills_registry.store import package_store
from skills_registry.tags import declared_tags

from .errors import Conflict, StoreFailed
from .state import present, present_version, refuse_live

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

STORING_LIFETIME = timedelta(hours=1)
"""A version still `storing` after this is swept: its process has died, or gets a Conflict."""
STORING_PATIENCE = timedelta(seconds=10)
"""How long an upload waits for another one that is storing the same bytes, which may have died over it."""
STORING_POLL_SECONDS = 0.1


def create_version(
    package: Package,
    *,
    user: User | None = None,
    note: str = "",
    expected_latest: int | EllipsisType | None = ...,
    edited_from: int | None = None,
) -> tuple[SkillVersion, bool]:
    """Store a package as its skill's next version; nothing that is served changes.

    A new skill starts with the tags of its frontmatter's `metadata.tags`, and its uploader as owner.
    Returns the version and True; or, where a version with the same bytes is there already, that
    version and False. While another upload is storing the same bytes, this waits for it for
    STORING_PATIENCE and then stores them itself; the first of the two that is done is kept.
    Raises Conflict where the skill is deleted, and where its newest version is not `expected_latest`
    (None: none); StoreFailed where the store fails. `edited_from` is the number of the version that
    was edited, for the history.
    """
    version, created = _reserve(package, user, note, expected_latest)
    if not created:
        return version, False
    release_connections()  # storing takes a while, in which others may have the connection
    try:
        package_store.write_version(version.skill.name, version.number, package.files, sidecar(version))
    except OSError as error:
        abandon(version)
        message = _("{version} could not be stored and nothing was changed: {error}")
        raise StoreFailed(message.format(version=version, error=error.strerror or error)) from error
    try:
        twin = _make_ready(version, expected_latest, edited_from)
    except Conflict:
        abandon(version)
        raise
    if twin is not None:
        abandon(version)
        return twin, False
    return version, True


def version_holding(skill: Skill, made: Package | SkillVersion) -> SkillVersion | None:
    """The version of a skill that already has everything a package, or a version that is being stored, brings.

    A zip need not say which files are executable, so one that says less than a version brings nothing new.
    """
    same = SkillVersion.objects.ready().filter(skill=skill, digest=made.digest)
    return next((version for version in same if made.executables <= version.executables), None)


class Removal(Enum):
    """What became of the files of a version that was deleted."""

    GONE = "gone"
    COPIES_MAY_STAY = "copies may stay"
    """The bucket keeps earlier versions of objects, and this role may not delete those."""
    LATER = "later"
    """The store does not answer; a sweep tries again."""


def delete_version(version: SkillVersion, *, actor: User | None = None, reason: str = "") -> Removal:
    """Remove a version with its files, for good; its number is never given out again, history stays.

    Raises Conflict for the live version, for one that was live once and is not yanked (so that nothing
    published goes by one mistake), and for one that is not (or no longer) there.
    """
    with transaction.atomic():
        generation = next_generation()
        version = present_version(version)
        refuse_live(version)
        if objection := deletion_objection(version):
            raise Conflict(objection)
        SkillVersion.objects.filter(pk=version.pk).update(state=SkillVersion.State.DELETING)
        record(Action.DELETE_VERSION, version, actor=actor, reason=reason, before=_outline(version))
        changed(version.skill, generation)
    return remove_files(version)


def removal_told(version: SkillVersion, removal: Removal) -> str:
    """What is left of a deleted version, in words; "" where nothing is."""
    told = {
        Removal.GONE: "",
        Removal.COPIES_MAY_STAY: _(
            "The bucket may keep earlier copies of the files of {version} until its lifecycle rule removes them: "
            "the server has no permission to delete them."
        ),
        Removal.LATER: _("The store is not responding. The files of {version} will be removed later."),
    }
    return told[removal].format(version=version)


def deletion_objection(version: SkillVersion) -> str:
    """Why a version that is not live cannot be deleted as it is; "" where it can."""
    if not SkillVersion.objects.kept().filter(pk=version.pk).exists():
        return ""
    return _("{version} has been live. Yank it before you delete it.").format(version=version)


def uploader_besides(skill: Skill, user: User | None) -> str:
    """Who uploaded the newest version of a skill, where that was somebody else; else ""."""
    newest = skill.versions.ready().select_related("uploaded_by").order_by("number").last()
    uploader = newest.uploaded_by if newest else None
    return uploader.get_username() if uploader and uploader != user else ""


def _reserve(
    package: Package, user: User | None, note: str, expected_latest: int | EllipsisType | None
) -> tuple[SkillVersion, bool]:
    """Take the next number for a package, unless its bytes are there already, or another upload is just storing them.

    Gives up waiting after a while even where one upload after the other dies.
    """
    first = {"owner": user, "tags": declared_tags(package.manifest.frontmatter)}
    patient_until = time.monotonic() + 3 * STORING_PATIENCE.total_seconds()
    while True:
        with transaction.atomic():
            skill = present(Skill.objects.get_or_create(name=package.manifest.name, defaults=first)[0])
            _expect_latest(skill, expected_latest, _ready() | _being_stored())
            same = SkillVersion.objects.filter(skill=skill, digest=package.digest)
            if existing := version_holding(skill, package):
                return existing, False
            if time.monotonic() > patient_until or not same.filter(_being_stored()).exists():
                skill.last_number += 1
                skill.save(update_fields=["last_number", "updated_at"])
                version = SkillVersion.of(package, skill=skill, number=skill.last_number, note=note, uploaded_by=user)
                version.save()
                return version, True
        release_connections()
        time.sleep(STORING_POLL_SECONDS)


def _expect_latest(skill: Skill, expected: int | EllipsisType | None, counted: Q) -> None:
    """Raise Conflict unless the newest one of the versions that count is the expected one."""
    if expected is ...:
        return
    taken = SkillVersion.objects.filter(counted, skill=skill)
    newest = taken.select_related("skill", "uploaded_by").order_by("number").last()
    if (newest.number if newest else None) != expected:
        message = _(
            "This skill changed while you were looking: the newest version is now {version}. Nothing was saved."
        )
        raise Conflict(message.format(version=_by_whom(newest) if newest else _("none")))


def _by_whom(version: SkillVersion) -> str:
    if version.uploaded_by is None:
        return version.label
    return _("{version} by {user}").format(version=version.label, user=version.uploaded_by.get_username())


def _ready() -> Q:
    return Q(state=SkillVersion.State.READY)


def _being_stored() -> Q:
    """Versions whose files a process is storing right now, unless it takes very long or has died."""
    return Q(state=SkillVersion.State.STORING, created_at__gt=timezone.now() - STORING_PATIENCE)


def _make_ready(
    version: SkillVersion, expected_latest: int | EllipsisType | None, edited_from: int | None
) -> SkillVersion | None:
    """Make the version one that can be published; or return the one with the same bytes that was ready first.

    Raises Conflict where another version than `expected_latest` has become the newest meanwhile.
    """
    with transaction.atomic():
        generation = next_generation()
        if twin := version_holding(version.skill, version):
            return twin
        _expect_latest(version.skill, expected_latest, _ready())
        if not SkillVersion.objects.filter(pk=version.pk).update(state=SkillVersion.State.READY):
            message = _("{version} took too long to store and was removed. Upload it again.")
            raise Conflict(message.format(version=version))
        base = {} if edited_from is None else {"edited_from": edited_from}
        mended = [problem["line"] for problem in version.warnings if problem["code"] == "skill-md-mended"]
        after = {**_outline(version), **base, **({"mended": mended} if mended else {})}
        record(Action.CREATE_VERSION, version, actor=version.uploaded_by, reason=version.note, after=after)
        changed(locked(version.skill), generation)
    version.refresh_from_db()
    return None


def abandon(version: SkillVersion) -> None:
    """Drop a version that was never finished: row first, so that it cannot become ready meanwhile.

    The skill is announced, since its number is taken nevertheless.
    """
    with transaction.atomic():
        generation = next_generation()
        unfinished = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.STORING)
        if not unfinished.delete()[0]:
            return
        changed(locked(version.skill), generation)
    try:
        package_store.delete_version(version.skill.name, version.number)
    except OSError:
        log.warning("files of %s stay in the store, unused, since it does not answer", version, exc_info=True)


def remove_files(version: SkillVersion) -> Removal:
    """Remove a deleted version's files; where the store does not answer, a sweep tries again."""
    try:
        complete = package_store.delete_version(version.skill.name, version.number)
    except OSError:
        log.warning("files of %s are removed later, since the store does not answer", version, exc_info=True)
        return Removal.LATER
    deleting = SkillVersion.objects.filter(pk=version.pk, state=SkillVersion.State.DELETING)
    deleting.update(state=SkillVersion.State.DELETED)
    return Removal.GONE if complete else Removal.COPIES_MAY_STAY


def sidecar(version: SkillVersion) -> dict[str, Any]:
    """What the sidecar of a version says."""
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


def _outline(version: SkillVersion) -> dict[str, Any]:
    return {"version": version.number, "digest": version.digest, "files": version.file_count, "size": version.size}
