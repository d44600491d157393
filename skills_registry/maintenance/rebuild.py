"""Restores the registry from the package store and the published catalog, after its database was lost.

Each version is read back and checked like an upload; it is restored only if its files match its sidecar.
The live version is that of the newest generation, in `latest.json` or the published catalog. Existing
skills are left alone, so a rebuild may be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from skills_registry.audit import Action, record
from skills_registry.catalog.base import RecoveryState
from skills_registry.catalog.dynamodb import read_recovery_state, version_number
from skills_registry.catalog.generations import next_generation, save_change
from skills_registry.catalog.items import DamagedItem
from skills_registry.models import Publication, Skill, SkillVersion
from skills_registry.packages.package import Limits, Package, build_package
from skills_registry.packages.problems import InvalidSkill, Report
from skills_registry.store import package_store
from skills_registry.store.records import DamagedRecord, is_plausible_generation
from skills_registry.texts.render import problem_line

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASON = "Restored from the package store."


@dataclass
class RebuildResult:
    """What was restored of a skill, and what failed; `notes` need no action."""

    name: str
    versions: int = 0
    live: str | None = None
    already_present: bool = False
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def rebuild(name: str, *, dry_run: bool = False, skip_broken: bool = False) -> RebuildResult:
    """Restore one skill with all its versions in one transaction, or nothing if anything failed.

    With `skip_broken`, intact versions are restored even then. Raises OSError if a store fails.
    """
    done = RebuildResult(name)
    numbers, unfinished = package_store.list_versions(name)
    done.notes += [f"v{number} is incomplete (no sidecar) and is left out" for number in unfinished]
    sidecars = _read_sidecars(name, numbers, done)
    existing = Skill.objects.filter(name=name).first()
    if existing is not None and existing.versions.exists():
        _compare(existing, sidecars, done)
        return done
    packages = {
        number: package for number, sidecar in sidecars.items() if (package := _read_package(name, sidecar, done))
    }
    newest = _read_newest_state(name, done)
    last = max([*numbers, *unfinished, newest.last_number, *map(version_number, newest.all_versions)], default=0)
    done.versions = len(packages)
    if (number := version_number(newest.version)) and number not in packages:
        done.failures.append(f"v{number} was live and could not be restored; no version is live now")
    elif number:
        done.live = f"v{number}"
    lost = {version_number(label) for label in newest.all_versions} - set(numbers) - {0}
    done.failures += [f"v{number} is known to the catalog and not in the store" for number in sorted(lost)]
    if not dry_run and (skip_broken or not done.failures):
        _write(name, packages, sidecars, newest, last)
    return done


def _read_sidecars(name: str, numbers: Sequence[int], done: RebuildResult) -> dict[int, dict[str, Any]]:
    """The valid sidecars by number; failures go to `done`."""
    sidecars = {}
    for number in numbers:
        try:
            sidecars[number] = package_store.read_sidecar(name, number)
            if sidecars[number]["version"] != f"v{number}":
                done.failures.append(f"v{number}: its sidecar is that of {sidecars.pop(number)['version']}")
        except FileNotFoundError:
            done.failures.append(f"v{number}: the sidecar is missing")
        except DamagedRecord as damaged:
            done.failures.append(f"v{number}: {damaged}")
    return sidecars


def _compare(skill: Skill, sidecars: Mapping[int, Mapping[str, Any]], done: RebuildResult) -> None:
    """Report versions in the store that differ from an existing skill, which stays unchanged."""
    done.already_present = True
    known = dict(skill.versions.ready().values_list("number", "digest"))
    for number, sidecar in sidecars.items():
        if known.get(number) != sidecar["digest"]:
            done.failures.append(f"v{number} in the store is not the one in the registry; nothing was changed")


def _read_newest_state(name: str, done: RebuildResult) -> RecoveryState:
    """The newer state of `latest.json` and the catalog; a difference between them is noted."""
    said = _check_generation("latest.json", _read_latest(name, done), done)
    try:
        cataloged = read_recovery_state(name) if settings.STORAGE_BACKEND == "s3" else None
    except DamagedItem as damaged:
        # The version in latest.json may have been withdrawn since: the catalog is written first.
        done.failures.append(f"the catalog's item is damaged, so that nothing is live: {damaged}")
        return replace(said, version=None, published_at=None, status=_inactive_if_active(said.status))
    if cataloged is None:
        return said
    cataloged = _check_generation("the catalog", cataloged, done)
    if (cataloged.generation, cataloged.version) != (said.generation, said.version):
        done.notes.append(
            f"latest.json says {said.version or 'none'} (generation {said.generation}), "
            f"the catalog {cataloged.version or 'none'} (generation {cataloged.generation}); the newer one is believed"
        )
    newer = max(said, cataloged, key=lambda one: one.generation)
    return replace(
        newer,
        last_number=max(said.last_number, cataloged.last_number),
        all_versions=cataloged.all_versions,
        owner=said.owner,
        yanked=said.yanked,
    )


def _check_generation(where: str, found: RecoveryState, done: RebuildResult) -> RecoveryState:
    """The state, with generation 0 (the oldest) if its own is implausible, which is a failure."""
    if is_plausible_generation(found.generation, counted=0):
        return found
    done.failures.append(f"{where} has the implausible generation {found.generation}")
    return replace(found, generation=0)


def _read_latest(name: str, done: RebuildResult) -> RecoveryState:
    try:
        latest = package_store.read_latest(name)
    except FileNotFoundError:
        done.notes.append("latest.json is missing")
        latest = {}
    except DamagedRecord as damaged:
        done.failures.append(str(damaged))
        latest = {}
    return RecoveryState(
        generation=latest.get("generation", 0),
        version=latest.get("version"),
        status=latest.get("status", Skill.Status.ACTIVE if latest.get("version") else Skill.Status.DRAFT),
        published_at=latest.get("published_at"),
        last_number=latest.get("last_number", 0),
        tags=latest.get("tags", ()),
        owner=latest.get("owner"),
        yanked=latest.get("yanked", {}),
    )


def _inactive_if_active(status: str) -> str:
    return Skill.Status.INACTIVE if status == Skill.Status.ACTIVE else status


def _read_package(name: str, sidecar: Mapping[str, Any], done: RebuildResult) -> Package | None:
    """Read a version back as a package; None if it differs from what was uploaded."""
    number = version_number(sidecar["version"])
    contents: dict[str, bytes] = {}
    # A version accepted once is accepted again, whatever today's limits.
    within = Limits(files=len(sidecar["files"]), total_bytes=sidecar["size"], allow_long_description=True)
    for file in sidecar["files"]:
        try:
            content = package_store.read_file(name, number, file["path"])
        except FileNotFoundError:
            done.failures.append(f"v{number}: {file['path']} is missing")
            return None
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            done.failures.append(f"v{number}: {file['path']} does not match its digest")
            return None
        contents[file["path"]] = content
    executables = {file["path"] for file in sidecar["files"] if file.get("executable")}
    try:
        package = build_package(
            contents,
            lambda path, limit: contents[path],
            limits=within,
            report=Report(),
            folder=name,
            executables=executables,
        )
    except InvalidSkill as invalid:
        done.failures.append(f"v{number}: {'; '.join(map(problem_line, invalid.errors))}")
        return None
    if package.digest != sidecar["digest"] or package.manifest.name != name:
        done.failures.append(f"v{number}: the sidecar names another digest")
        return None
    return package


def _write(
    name: str,
    packages: Mapping[int, Package],
    sidecars: Mapping[int, Mapping[str, Any]],
    newest: RecoveryState,
    last: int,
) -> None:
    with transaction.atomic():
        generation = next_generation(above=newest.generation)
        skill, _ = Skill.objects.update_or_create(name=name, defaults={"last_number": last})
        rows = {number: _save_version(skill, number, package, sidecars[number]) for number, package in packages.items()}
        _yank(rows, newest.yanked)
        live = rows.get(version_number(newest.version))
        skill.live_version = live
        skill.tags, skill.owner = list(newest.tags), _find_user(newest.owner)
        since = newest.published_at if live else None
        skill.published_at = datetime.fromisoformat(since) if since else None
        skill.deleted_at = timezone.now() if newest.status == Skill.Status.DELETED else None
        if newest.status != Skill.Status.DRAFT:
            action = Publication.Action.PUBLISH if live else Publication.Action.DEACTIVATE
            Publication(skill=skill, action=action, version=live, generation=generation, reason=REASON).save()
        save_change(skill, generation, "live_version", "published_at", "tags", "owner", "deleted_at")
        record(Action.REBUILD_SKILL, skill, actor=None, reason=REASON, after={"versions": sorted(rows), "last": last})


def _yank(rows: Mapping[int, SkillVersion], yanked: Mapping[str, str]) -> None:
    for label, reason in yanked.items():
        if version := rows.get(version_number(label)):
            SkillVersion.objects.filter(pk=version.pk).update(yanked_at=timezone.now(), yank_reason=reason)


def _save_version(skill: Skill, number: int, package: Package, sidecar: Mapping[str, Any]) -> SkillVersion:
    """Save the row with the time and user of the upload; the note names a user who no longer exists."""
    uploader, note = sidecar["created_by"], sidecar["note"]
    user = _find_user(uploader)
    if uploader and user is None:
        note = f"{note}\n(uploaded by {uploader})".strip()
    version = SkillVersion.of(package, skill=skill, number=number, state=SkillVersion.State.READY)
    version.note, version.uploaded_by = note, user
    version.save()
    SkillVersion.objects.filter(pk=version.pk).update(created_at=datetime.fromisoformat(sidecar["created_at"]))
    return version


def _find_user(name: str | None) -> User | None:
    """The user with this name, or None."""
    return get_user_model().objects.filter(username=name).first() if name else None
