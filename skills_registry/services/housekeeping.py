"""Remove leftovers of interrupted operations and retry failed projections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from skills_registry.catalog.projection import project_pending
from skills_registry.models import Skill, SkillVersion, Upload
from skills_registry.store import package_store

from .uploads import UPLOAD_LIFETIME
from .versions import STORING_LIFETIME, Removal, abandon_version, remove_files


@dataclass(frozen=True)
class SweepResult:
    """Counts of what a sweep removed or wrote, and a message for each failure."""

    uploads: int
    versions: int
    projections: int
    failures: tuple[str, ...] = ()


def sweep() -> SweepResult:
    """Write pending projections; remove expired uploads, unfinished versions and files of deleted versions.

    A failure does not stop the sweep; it is reported in the result.
    """
    projections = project_pending()
    now = timezone.now()
    failures: list[str] = []
    uploads = _sweep_uploads(now - UPLOAD_LIFETIME, failures)
    abandoned = SkillVersion.objects.filter(
        state=SkillVersion.State.STORING, created_at__lt=now - STORING_LIFETIME
    ).select_related("skill")
    for version in abandoned:
        abandon_version(version)
    deleting = SkillVersion.objects.filter(state=SkillVersion.State.DELETING).select_related("skill")
    remaining = [version for version in deleting if remove_files(version) is Removal.LATER]
    failures += [f"{version}: its files could not be removed" for version in remaining]
    pending = Skill.objects.pending().values_list("name", flat=True)
    failures += [f"{name}: its last change could not be written" for name in pending]
    return SweepResult(uploads, len(abandoned), projections, tuple(failures))


def _sweep_uploads(moment: datetime, failures: list[str]) -> int:
    """Remove staged uploads older than `moment`. Returns how many."""
    removed = 0
    try:
        uploads = package_store.list_uploads_before(moment)
    except OSError as error:
        failures.append(f"staged uploads could not be listed: {error}")
        uploads = []
    for upload in uploads:
        try:
            package_store.delete_upload(upload)
            removed += 1
        except OSError as error:
            failures.append(f"upload {upload} could not be removed: {error}")
    Upload.objects.filter(created_at__lt=moment).delete()
    return removed
