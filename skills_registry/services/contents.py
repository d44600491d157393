"""The files of versions as they were uploaded: read back whole, and handed out as zips."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from invocations.resilience import deadline
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.zip_writing import packed
from skills_registry.store import package_store

from .errors import StoreFailed


def read_contents(version: SkillVersion, *, without: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """A version's files by path, in the order of the package, but for some.

    Raises StoreFailed where one is not what was uploaded any more, OSError where the store fails.
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
    """A version as a zip with one folder of the skill's name: what an agent's folder of skills takes, and an upload.

    The same version gives the same bytes each time. Raises StoreFailed and OSError, see `read_contents`.
    """
    with deadline.override(settings.TRANSFER_DEADLINE_SECONDS):  # many files, as in an upload
        return b"".join(_packed([version]))


def export_skills(skills: Iterable[Skill]) -> Iterator[bytes]:
    """Several skills as one zip, a folder each, in pieces that can be sent as they come.

    Of each the live version, or else the newest; those that have none are left out. Raises as `read_contents`.
    """
    for_each = ((skill.live_version or skill.versions.ready().first()) for skill in skills)
    return _packed([version for version in for_each if version is not None])


def _packed(versions: Collection[SkillVersion]) -> Iterator[bytes]:
    executables = {f"{version.skill.name}/{path}" for version in versions for path in version.executables}
    return packed(_in_folders(versions), executables)


def _in_folders(versions: Iterable[SkillVersion]) -> Iterator[tuple[str, bytes]]:
    for version in versions:
        for path, content in read_contents(version):
            yield f"{version.skill.name}/{path}", content
