"""Read the stored files of versions and export them as zips."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from invocations.resilience import deadline
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.zip_writing import stream_zip
from skills_registry.store import package_store

from .errors import StoreFailed


def read_contents(version: SkillVersion, *, without: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield each path and its content in package order, except the paths in `without`.

    Raises StoreFailed if a file no longer matches its recorded digest, OSError if the store fails.
    """
    for file in version.files:
        if file["path"] in without:
            continue
        content = package_store.read_file(version.skill.name, version.number, file["path"])
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            message = _("{path} of {version} is not what was uploaded; see `manage.py verify_storage`.")
            raise StoreFailed(message.format(path=file["path"], version=version))
        yield file["path"], content


def export_version(version: SkillVersion) -> bytes:
    """Return a version as a zip with one top folder named after the skill.

    It can be unpacked into an agent's skills folder or uploaded again. The bytes are the same every time.
    Raises StoreFailed and OSError; see `read_contents`.
    """
    with deadline.override(settings.TRANSFER_DEADLINE_SECONDS):  # it reads many files from the store
        return b"".join(_zip_versions([version]))


def export_skills(skills: Iterable[Skill]) -> Iterator[bytes]:
    """Yield the chunks of one zip with a folder for each skill.

    Exports the live version of each skill, or its newest if none is live; skips skills without versions.
    Raises StoreFailed and OSError; see `read_contents`.
    """
    exported = ((skill.live_version or skill.versions.ready().first()) for skill in skills)
    return _zip_versions([version for version in exported if version is not None])


def _zip_versions(versions: Collection[SkillVersion]) -> Iterator[bytes]:
    executables = {f"{version.skill.name}/{path}" for version in versions for path in version.executables}
    return stream_zip(_files_in_folders(versions), executables)


def _files_in_folders(versions: Iterable[SkillVersion]) -> Iterator[tuple[str, bytes]]:
    for version in versions:
        for path, content in read_contents(version):
            yield f"{version.skill.name}/{path}", content
