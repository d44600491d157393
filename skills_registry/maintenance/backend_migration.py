"""Everything that the registry refers to, copied from the package store of one backend to that of the other.

Nothing is ever removed from where it was or overwritten where it goes, and what is there already with
the right digest is left alone: so it may be interrupted and repeated.
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
    """What was done, or in a dry run would be; `failures` say what is not where it should be."""

    files: int = 0
    bytes: int = 0
    there_already: int = 0
    uploads: int = 0
    failures: tuple[str, ...] = ()

    def fail(self, what: str) -> None:
        """Note a failure."""
        self.failures = (*self.failures, what)


class Migration:
    """From one backend to the other; `projections` are the target's (see `settings.PROJECTIONS`)."""

    def __init__(self, source: str, target: str, projections: Mapping[str, str], *, dry_run: bool = False) -> None:
        self.done = MigrationResult()
        self._source = source
        self._target = target
        self._projections = projections
        self._dry_run = dry_run

    def copy_version(self, version: SkillVersion) -> bool:
        """Copy a version's files and then its sidecar; whether all of it is there and right."""
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
        """Copy the staged zips that still wait for their second step."""
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
        """Say in the target what is live; `skill` must be read `with_summary`."""
        if self._dry_run:
            return
        for target, projection in self._projections.items():
            try:
                with package_store.use_backend(self._target):
                    import_string(projection)(skill)
            except OSError as error:
                self.done.fail(f"{skill}: what is live could not be told to {target}: {error}")

    def _copy_file(self, name: str, number: int, path: str, sha256: str) -> bool:
        where = f"{name} v{number}: {path}"
        present = self._digest(name, number, path)
        if present is not None:
            self.done.there_already += present == sha256
            return present == sha256 or self._failed(f"{where} is there already, with other bytes")
        with package_store.use_backend(self._source):
            try:
                content = package_store.read_file(name, number, path)
            except FileNotFoundError:
                return self._failed(f"{where} is missing in the source")
        if hashlib.sha256(content).hexdigest() != sha256:
            return self._failed(f"{where} is not what was uploaded")
        self.done.files += 1
        self.done.bytes += len(content)
        if self._dry_run:
            return True
        with package_store.use_backend(self._target):
            package_store.write_file(name, number, path, content)
        return self._digest(name, number, path) == sha256 or self._failed(f"{where} arrived with other bytes")

    def _digest(self, name: str, number: int, path: str) -> str | None:
        """The digest of a file in the target, None where there is none."""
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
                    self._failed(f"{version}: the sidecar that is there already names another digest")
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
    """All versions that have to be moved, skill by skill."""
    return SkillVersion.objects.ready().select_related("skill").order_by("skill__name", "number").iterator(100)
