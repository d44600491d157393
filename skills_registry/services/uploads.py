"""Zips between the two steps of an upload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from skills_registry.findings.inspection import Inspection
from skills_registry.models import Upload
from skills_registry.packages.dropped_files import Bundle, sort_out
from skills_registry.packages.zip_writing import pack
from skills_registry.store import package_store

from .errors import StoreFailed
from .inspecting import inspect

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UPLOAD_LIFETIME = timedelta(days=1)


def stage_upload(filename: str, data: bytes, *, user: User | None = None) -> Upload:
    """Keep an uploaded zip, valid or not, for its review; swept after a day. Raises StoreFailed."""
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
    """What was kept of files that came together; `left_out` are paths that belong to no package."""

    uploads: list[Upload]
    left_out: list[str]


def stage_files(files: Sequence[tuple[str, Callable[[], bytes]]], *, user: User | None = None) -> Staged:
    """Keep files and folders as people drop them, each with its path and how to read it: one upload for each package.

    Zips are kept as they are, loose files become the zip that their folder would make, so that the same
    rules hold for both. Raises StoreFailed; what was kept before is then forgotten.
    """
    dropped = sort_out([path for path, _ in files])
    names = _names([files[index][0] for index in dropped.archives] + [_path(bundle) for bundle in dropped.bundles])
    kept: list[Upload] = []
    try:
        for index in dropped.archives:
            path, read = files[index]
            kept.append(stage_upload(names[path], read(), user=user))
        for bundle in dropped.bundles:
            data = pack((path, files[index][1]()) for path, index in bundle.files.items())
            kept.append(stage_upload(names[_path(bundle)], data, user=user))
    except (StoreFailed, OSError):
        for upload in kept:
            discard_upload(upload)
        raise
    return Staged(kept, dropped.left_out)


def _path(bundle: Bundle) -> str:
    """The path of the zip that a bundle becomes, next to its folder."""
    return f"{bundle.place.rstrip('/')}.zip" if bundle.place else bundle.name


def _names(paths: Iterable[str]) -> dict[str, str]:
    """What each zip is called: the end of its path, or all of it where another one would be called the same."""
    short = {path: path.rpartition("/")[2] for path in paths}
    used = Counter(short.values())
    return {path: name if used[name] == 1 else path for path, name in short.items()}


def inspect_upload(upload: Upload, *, mend: bool = False) -> Inspection:
    """Inspect a staged zip; see `inspect`. Raises FileNotFoundError where it has been swept."""
    return inspect(package_store.read_upload(upload.pk), mend=mend)


def discard_upload(upload: Upload) -> None:
    """Forget a staged zip."""
    package_store.delete_upload(upload.pk)
    upload.delete()
