"""Zips between the two steps of an upload."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from skills_registry import storage
from skills_registry.dropped import sort_out
from skills_registry.inspection import Inspection
from skills_registry.models import Upload
from skills_registry.name_clashes import name_clashes
from skills_registry.packing import pack
from skills_registry.problems import Problem

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
    """What was kept of files that came together, and what was not.

    `left_out` are paths that belong to no package; `clashes` says by place which packages have the name of another.
    """

    uploads: list[Upload]
    left_out: list[str]
    clashes: dict[str, Problem]


def stage_files(files: Sequence[tuple[str, Callable[[], bytes]]], *, user: User | None = None) -> Staged:
    """Keep files and folders as people drop them, each with its path and how to read it: one upload for each package.

    Zips are kept as they are, loose files become the zip that their folder would make, so that the same
    rules hold for both. Packages of which one would become a version of the other are not kept. Raises StoreFailed;
    what was kept before is then forgotten.
    """
    dropped = sort_out([path for path, _ in files])
    kept: dict[str, Upload] = {}
    try:
        for index in dropped.archives:
            path, read = files[index]
            kept[_place(path, kept)] = stage_upload(path.rpartition("/")[2], read(), user=user)
        for bundle in dropped.bundles:
            data = pack((path, files[index][1]()) for path, index in bundle.files.items())
            kept[_place(bundle.place or bundle.name, kept)] = stage_upload(bundle.name, data, user=user)
        clashes = _clashes(kept) if len(kept) > 1 else {}
    except (StoreFailed, OSError):
        for upload in kept.values():
            discard_upload(upload)
        raise
    for place in clashes:
        discard_upload(kept.pop(place))
    return Staged(list(kept.values()), dropped.left_out, clashes)


def _place(path: str, taken: Collection[str]) -> str:
    """What a package is called among those that came with it, of which two may have the same path."""
    return path if path not in taken else f"{path} ({len(taken) + 1})"


def _clashes(kept: Mapping[str, Upload]) -> dict[str, Problem]:
    packages = {place: inspect_upload(upload).package for place, upload in kept.items()}
    identities = ((place, made.manifest.name, made.digest) for place, made in packages.items() if made)
    return name_clashes(identities, case="upload")


def inspect_upload(upload: Upload, *, mend: bool = False) -> Inspection:
    """Inspect a staged zip; see `inspect`. Raises FileNotFoundError where it has been swept."""
    return inspect(storage.read_upload(upload.pk), mend=mend)


def discard_upload(upload: Upload) -> None:
    """Forget a staged zip."""
    storage.delete_upload(upload.pk)
    upload.delete()
