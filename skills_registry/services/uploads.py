"""Zips between the two steps of an upload."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from skills_registry import storage
from skills_registry.dropped import sort_out
from skills_registry.inspection import Inspection
from skills_registry.models import Upload
from skills_registry.packing import pack

from .errors import StoreFailed
from .inspecting import inspect

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UPLOAD_LIFETIME = timedelta(days=1)


def stage_upload(filename: str, data: bytes, *, user: User | None = None) -> Upload:
    """Keep an uploaded zip, valid or not, for its review; swept after a day. Raises StoreFailed."""
    upload = Upload(filename=filename[-255:], size=len(data), uploaded_by=user)
    try:
        storage.write_upload(upload.pk, data)
    except OSError as error:
        message = _("The upload could not be kept: {error}")
        raise StoreFailed(message.format(error=error.strerror or error)) from error
    upload.save()
    return upload


@dataclass(frozen=True)
class Staged:
    """What was kept of files that came together, and the paths of those that belong to no package."""

    uploads: list[Upload]
    left_out: list[str]


def stage_files(files: Sequence[tuple[str, Callable[[], bytes]]], *, user: User | None = None) -> Staged:
    """Keep files and folders as people drop them, each with its path and how to read it: one upload for each package.

    Zips are kept as they are, loose files become the zip that their folder would make, so that the same
    rules hold for both. Raises StoreFailed; what was kept before is then forgotten.
    """
    dropped = sort_out([path for path, _ in files])
    staged = Staged([], dropped.left_out)
    try:
        for index in dropped.archives:
            path, read = files[index]
            staged.uploads.append(stage_upload(path.rpartition("/")[2], read(), user=user))
        for bundle in dropped.bundles:
            data = pack((path, files[index][1]()) for path, index in bundle.files.items())
            staged.uploads.append(stage_upload(bundle.name, data, user=user))
    except StoreFailed:
        for upload in staged.uploads:
            discard_upload(upload)
        raise
    return staged


def inspect_upload(upload: Upload) -> Inspection:
    """Inspect a staged zip. Raises FileNotFoundError where it has been swept."""
    return inspect(storage.read_upload(upload.pk))


def discard_upload(upload: Upload) -> None:
    """Forget a staged zip."""
    storage.delete_upload(upload.pk)
    upload.delete()
