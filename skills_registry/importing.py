"""Skills from disk into the registry: the same rules and operations as an upload, for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import services
from .models import SkillVersion
from .package import Package
from .problems import Problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Imported:
    """What became of one path: the package and (but for a dry run) the version it is now, or why it was refused.

    A version that was to be published and could not be has an error among its problems.
    """

    path: Path
    package: Package | None = None
    version: SkillVersion | None = None
    created: bool = False
    published: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it was refused, or not published where it should have been."""
        return any(problem.severity == "error" for problem in self.problems)


def import_skill(
    path: Path, *, user: User | None = None, note: str = "", publish: bool = False, dry_run: bool = False
) -> Imported:
    """Import one folder or zip. What keeps it from coming in comes back as problems, not as an exception."""
    inspection = services.inspect_on_disk(path)
    package = inspection.package
    if package is None or dry_run:
        return Imported(path, package, problems=inspection.problems)
    try:
        version, created = services.create_version(package, user=user, note=note)
    except (services.Conflict, services.StoreFailed) as failure:
        code = "conflict" if isinstance(failure, services.Conflict) else "store-failed"
        return Imported(path, problems=(Problem(code, str(failure)),))
    try:
        published = publish and _publish(version, user, note)
    except services.Conflict as conflict:
        problem = Problem("not-published", str(conflict))
        return Imported(path, package, version, created, problems=(*package.warnings, problem))
    return Imported(path, package, version, created, published, package.warnings)


def _publish(version: SkillVersion, user: User | None, note: str) -> bool:
    version.skill.refresh_from_db()
    if version.skill.live_version == version:
        return False
    services.publish(version.skill, version.number, actor=user, reason=note)
    return True
