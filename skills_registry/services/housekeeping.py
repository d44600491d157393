"""What was left behind is removed, and what failed is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from skills_registry import storage
from skills_registry.models import SkillVersion, Upload
from skills_registry.projection import project_pending

from .uploads import UPLOAD_LIFETIME
from .versions import STORING_LIFETIME, abandon, remove_files


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
        abandon(version)
    for version in SkillVersion.objects.filter(state=SkillVersion.State.DELETING).select_related("skill"):
        remove_files(version)
    return Swept(len(uploads), len(abandoned), project_pending())
