"""A version made from another one with some of its files changed: the editor, and scripts that mend one file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from skills_registry.findings.inspection import Inspection
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.edits import EDITS_MAX
from skills_registry.packages.paths import check_path, clean, printable
from skills_registry.packages.problems import InvalidSkill, Report

from .contents import read_contents
from .errors import Conflict
from .inspecting import inspect_contents
from .versions import create_version

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Changes = Mapping[str, bytes | None]
"""What is to become of files by path: their bytes, or None to remove them; all others stay."""


def edit_version(
    skill: Skill,
    base_number: int,
    changes: Changes,
    *,
    user: User | None,
    note: str = "",
    expected_latest: int,
) -> SkillVersion:
    """Make a version from `base_number` with some files changed, added or removed; what is served stays.

    `expected_latest` is the number of the newest version when the editing began. Raises InvalidSkill with
    the problems that an upload of the same files would have; Conflict where somebody made a version
    meanwhile, where a file to be removed is not there, and where the files are those of a version that
    is there already; SkillVersion.DoesNotExist; StoreFailed and OSError where the store fails. Nothing
    is changed then, and the caller still has the text.
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
    """What `edit_version` would say of the changes, storing nothing; raises Conflict, StoreFailed and OSError as it."""
    report = Report()
    if len(changes) > EDITS_MAX:
        raise Conflict(_("There are {count} edits; {limit} are allowed.").format(count=len(changes), limit=EDITS_MAX))
    kept = {clean(path): content for path, content in changes.items() if _is_file(path, report)}
    missing = sorted(path for path, content in kept.items() if content is None and not _has(base, path))
    if missing:
        message = _("{path} cannot be removed, since {version} has no such file.")
        raise Conflict(message.format(path=printable(missing[0]), version=base))
    contents = dict(read_contents(base, without=kept))
    contents |= {path: content for path, content in kept.items() if content is not None}
    return inspect_contents(contents, base.skill.name, tuple(report.problems), _executables(base, contents))


def _executables(base: SkillVersion, contents: Mapping[str, bytes]) -> frozenset[str]:
    """The programs among the files: those that were there as such, and what has the bytes of one."""
    programs = {file["sha256"] for file in base.files if file.get("executable")}
    if not programs:
        return frozenset()
    digest = cache(lambda content: hashlib.sha256(content).hexdigest())  # many paths may share their bytes
    new = contents.keys() - {file["path"] for file in base.files}
    moved = {path for path in new if digest(contents[path]) in programs}
    return frozenset(moved | (base.executables & contents.keys()))


def _is_file(path: str, report: Report) -> bool:
    if path.endswith("/"):
        report.error("path-empty", {"case": "folder"}, file=printable(path))
        return False
    return check_path(path, report)


def _has(version: SkillVersion, path: str) -> bool:
    return any(file["path"] == path for file in version.files)
