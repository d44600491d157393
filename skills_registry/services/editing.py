"""Create a version by changing some files of an existing one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from skills_registry.findings.inspection import Inspection
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.edits import EDITS_MAX
from skills_registry.packages.paths import check_path, drop_dot_segments, printable
from skills_registry.packages.problems import InvalidSkill, Report

from .contents import read_contents
from .errors import Conflict
from .inspecting import inspect_contents
from .versions import create_version

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Changes = Mapping[str, bytes | None]
"""The new content of files by path; None removes a file. Files that are not listed stay unchanged."""


def edit_version(
    skill: Skill,
    base_number: int,
    changes: Changes,
    *,
    user: User | None,
    note: str = "",
    expected_latest: int,
) -> SkillVersion:
    """Create a version from `base_number` with some files changed, added or removed. Does not publish it.

    `expected_latest` is the number of the newest version when the edit began. Nothing is changed on error:

    - InvalidSkill, with the same problems that an upload of these files would have;
    - Conflict if a newer version exists, if a file to remove does not exist, or if a version with the
      same files exists;
    - SkillVersion.DoesNotExist if the base version does not exist;
    - StoreFailed or OSError if the store fails.
    """
    base = SkillVersion.objects.ready().select_related("skill").get(skill=skill, number=base_number)
    inspection = inspect_edit(base, changes)
    if inspection.package is None:
        raise InvalidSkill(inspection.problems, inspection.skill_md)
    version, created = create_version(
        inspection.package, user=user, note=note, expected_latest=expected_latest, edited_from=base_number
    )
    if not created:
        raise Conflict(_("No changes: {version} has exactly these files.").format(version=version))
    return version


def inspect_edit(base: SkillVersion, changes: Changes) -> Inspection:
    """Inspect the package that `edit_version` would store. Raises the same Conflict, StoreFailed and OSError."""
    report = Report()
    if len(changes) > EDITS_MAX:
        raise Conflict(_("There are {count} edits; {limit} are allowed.").format(count=len(changes), limit=EDITS_MAX))
    kept = {drop_dot_segments(path): content for path, content in changes.items() if _check_edited_path(path, report)}
    missing = sorted(path for path, content in kept.items() if content is None and not _has_file(base, path))
    if missing:
        message = _("{path} cannot be removed, since {version} has no such file.")
        raise Conflict(message.format(path=printable(missing[0]), version=base))
    contents = dict(read_contents(base, without=kept))
    contents |= {path: content for path, content in kept.items() if content is not None}
    return inspect_contents(contents, base.skill.name, tuple(report.problems), _executables_after(base, contents))


def _executables_after(base: SkillVersion, contents: Mapping[str, bytes]) -> frozenset[str]:
    """The paths that are executable: those that were, and new paths with the same bytes as an executable file."""
    programs = {file["sha256"] for file in base.files if file.get("executable")}
    if not programs:
        return frozenset()
    digest = cache(lambda content: hashlib.sha256(content).hexdigest())  # many paths may share one content
    new = contents.keys() - {file["path"] for file in base.files}
    moved = {path for path in new if digest(contents[path]) in programs}
    return frozenset(moved | (base.executables & contents.keys()))


def _check_edited_path(path: str, report: Report) -> bool:
    if path.endswith("/"):
        report.error("path-empty", {"case": "folder"}, file=printable(path))
        return False
    return check_path(path, report)


def _has_file(version: SkillVersion, path: str) -> bool:
    return any(file["path"] == path for file in version.files)
