"""Copies everything the registry refers to from one backend's package store to the other's.

Nothing is removed from the source or overwritten in the target, and files that already have the right digest
are skipped: a migration may be interrupted and repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.module_loading import import_string

from skills_registry.models import Skill, SkillVersion, Upload
from skills_registry.store import package_store
from skills_registry.store.records import DamagedRecord


@dataclass
class MigrationResult:
    """Counts of what was copied (in a dry run: would be), and failures."""

    files: int = 0
    bytes: int = 0
    already_present: int = 0
    uploads: int = 0
    failures: tuple[str, ...] = ()

    def fail(self, what: str) -> None:
        """Add a failure."""
        self.failures = (*self.failures, what)


class Migration:
    """A migration between backends; `projections` are those of the target (see `settings.PROJECTIONS`)."""

    def __init__(self, source: str, target: str, projections: Mapping[str, str], *, dry_run: bool = False) -> None:
        self.done = MigrationResult()
        self._source = source
        self._target = target
        self._projections = projections
        self._dry_run = dry_run

    def copy_version(self, version: SkillVersion) -> bool:
        """Copy a version's files and then its sidecar; return whether the target has all of them intact."""
        name, number = version.skill.name, version.number
        try:
            copied = [self._copy_file(name, number, file["path"], file["sha256"]) for file in version.files]
            whole = all(copied)
            if whole:
                self._copy_sidecar(version)
        except (OSError, DamagedRecord) as error:
            self.done.fail(f"{version}: {error}")
            return False
        return whole

    def copy_uploads(self) -> None:
        """Copy the staged zips of uploads."""
        for upload in Upload.objects.all():
            try:
                with package_store.use_backend(self._source):
                    content = package_store.read_upload(upload.pk)
            except FileNotFoundError:
                continue  # swept, or staged in the target after the switch
            except OSError as error:
                self.done.fail(f"upload {upload}: {error}")
                continue
            self._copy_upload(upload, content)

    def project(self, skill: Skill) -> None:
        """Write the skill's projections in the target; `skill` must be read `with_summary`."""
        if self._dry_run:
            return
        for target, projection in self._projections.items():
            try:
                with package_store.use_backend(self._target):
                    import_string(projection)(skill)
            except OSError as error:
                self.done.fail(f"{skill}: {target} could not be written: {error}")

    def _copy_file(self, name: str, number: int, path: str, sha256: str) -> bool:
        where = f"{name} v{number}: {path}"
        existing = self._digest(name, number, path)
        if existing is not None:
            self.done.already_present += existing == sha256
            return existing == sha256 or self._failed(f"{where} already exists, with other bytes")
        with package_store.use_backend(self._source):
            try:
                content = package_store.read_file(name, number, path)
            except FileNotFoundError:
                return self._failed(f"{where} is missing in the source")
        if hashlib.sha256(content).hexdigest() != sha256:
            return self._failed(f"{where} does not match its digest")
        self.done.files += 1
        self.done.bytes += len(content)
        if self._dry_run:
            return True
        with package_store.use_backend(self._target):
            package_store.write_file(name, number, path, content)
        return self._digest(name, number, path) == sha256 or self._failed(f"{where} arrived with other bytes")

    def _digest(self, name: str, number: int, path: str) -> str | None:
        """Digest of a file in the target; None if it does not exist."""
        with package_store.use_backend(self._target):
            try:
                return hashlib.sha256(package_store.read_file(name, number, path)).hexdigest()
            except FileNotFoundError:
                return None

    def _copy_sidecar(self, version: SkillVersion) -> None:
        name, number = version.skill.name, version.number
        with package_store.use_backend(self._target):
            try:
                if package_store.read_sidecar(name, number)["digest"] != version.digest:
                    self._failed(f"{version}: the existing sidecar names another digest")
                return
            except FileNotFoundError:
                pass
        with package_store.use_backend(self._source):
            sidecar = package_store.read_sidecar(name, number)
        if not self._dry_run:
            with package_store.use_backend(self._target):
                package_store.write_sidecar(name, number, sidecar)

    def _copy_upload(self, upload: Upload, content: bytes) -> None:
        self.done.uploads += 1
        if self._dry_run:
            return
        with package_store.use_backend(self._target):
            try:
                package_store.write_upload(upload.pk, content)
            except FileExistsError:
                self.done.uploads -= 1
            except OSError as error:
                self.done.fail(f"upload {upload}: {error}")

    def _failed(self, what: str) -> bool:
        self.done.fail(what)
        return False


def versions_to_copy() -> Iterator[SkillVersion]:
    """All versions to copy, ordered by skill."""
    return SkillVersion.objects.ready().select_related("skill").order_by("skill__name", "number").iterator(100)
