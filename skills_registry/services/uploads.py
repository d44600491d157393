"""Staged uploads: zips that were uploaded and are not a version yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from skills_registry.findings.inspection import Inspection
from skills_registry.models import Upload
from skills_registry.packages.dropped_files import Bundle, sort_into_packages
from skills_registry.packages.zip_writing import write_zip
from skills_registry.store import package_store

from .errors import StoreFailed
from .inspecting import inspect
from .kept_inspections import kept

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UPLOAD_LIFETIME = timedelta(days=1)
"""`sweep` removes a staged upload after this."""


def stage_upload(filename: str, data: bytes, *, user: User | None = None) -> Upload:
    """Store an uploaded zip, valid or not, until it is inspected. Raises StoreFailed."""
    upload = Upload(filename=filename[-255:], size=len(data), uploaded_by=user)
    try:
        package_store.write_upload(upload.pk, data)
    except OSError as error:
        message = _("The upload could not be stored: {error}")
        raise StoreFailed(message.format(error=error.strerror or error)) from error
    upload.save()
    return upload


@dataclass(frozen=True)
class Staged:
    """The uploads made from dropped files; `left_out` are paths that belong to no package."""

    uploads: list[Upload]
    left_out: list[str]


def stage_files(files: Sequence[tuple[str, Callable[[], bytes]]], *, user: User | None = None) -> Staged:
    """Stage dropped files and folders as one upload per package. `files` are paths with functions that read them.

    Zips are stored unchanged. Loose files are zipped per folder, so that the same rules apply to both.
    Raises StoreFailed or OSError after discarding the uploads that were already stored.
    """
    dropped = sort_into_packages([path for path, _ in files])
    archive_paths = [files[index][0] for index in dropped.archives]
    names = _upload_names([*archive_paths, *map(_bundle_path, dropped.bundles)])
    staged: list[Upload] = []
    try:
        for index in dropped.archives:
            path, read = files[index]
            staged.append(stage_upload(names[path], read(), user=user))
        for bundle in dropped.bundles:
            data = write_zip((path, files[index][1]()) for path, index in bundle.files.items())
            staged.append(stage_upload(names[_bundle_path(bundle)], data, user=user))
    except (StoreFailed, OSError):
        for upload in staged:
            discard_upload(upload)
        raise
    return Staged(staged, dropped.left_out)


def _bundle_path(bundle: Bundle) -> str:
    """The path of the zip made from a bundle, next to its folder."""
    return f"{bundle.place.rstrip('/')}.zip" if bundle.place else bundle.name


def _upload_names(paths: Iterable[str]) -> dict[str, str]:
    """The name of each zip by path: its file name, or the whole path if several share that name."""
    short = {path: path.rpartition("/")[2] for path in paths}
    used = Counter(short.values())
    return {path: name if used[name] == 1 else path for path, name in short.items()}


def inspect_upload(upload: Upload, *, mend: bool = False) -> Inspection:
    """Inspect a staged zip once for all its pages; see `inspect`. Raises FileNotFoundError if it was swept."""
    found = kept.get(upload.pk, mend=mend)
    if found is None:
        found = inspect(package_store.read_upload(upload.pk), mend=mend)
        kept.put(upload.pk, found, mend=mend)
    return found


def discard_upload(upload: Upload) -> None:
    """Delete a staged zip."""
    kept.forget(upload.pk)
    package_store.delete_upload(upload.pk)
    upload.delete()
