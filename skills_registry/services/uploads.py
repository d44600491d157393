"""Zips between the two steps of an upload."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from skills_registry import storage
from skills_registry.inspection import Inspection, inspect
from skills_registry.models import Upload

from .errors import StoreFailed

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


def inspect_upload(upload: Upload) -> Inspection:
    """Inspect a staged zip. Raises FileNotFoundError where it has been swept."""
    return inspect(storage.read_upload(upload.pk))


def discard_upload(upload: Upload) -> None:
    """Forget a staged zip."""
    storage.delete_upload(upload.pk)
    upload.delete()
