"""Skills from disk into the registry: the same rules and operations as an upload, for many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skills_registry import services
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.name_clashes import name_clashes
from skills_registry.packages.package import Package
from skills_registry.packages.problems import Problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Options:
    """What is done with all paths of an import.

    The names of skills get the `prefix`, but for the paths in `names`, which get that name. `mend`: mistakes in
    the YAML of a SKILL.md are mended where that is safe.
    """

    user: User | None = None
    note: str = ""
    publish: bool = False
    dry_run: bool = False
    mend: bool = False
    prefix: str = ""
    names: Mapping[Path, str] | None = None


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
    uploader_before: str = ""
    """Who uploaded the newest version that the skill had before, where that was another user."""
    mendable: bool = False
    """Whether mistakes in its SKILL.md could be mended, and were not, since that was not asked for."""

    @property
    def failed(self) -> bool:
        """Whether it was refused, or not published where it should have been."""
        return any(problem.severity == "error" for problem in self.problems)


def import_skills(
    paths: Sequence[Path], options: Options, *, progress: Callable[[Sequence[Path]], Iterable[Path]] = iter
) -> list[Imported]:
    """Import folders and zips. What keeps one of them out comes back as its problems, not as an exception.

    Different packages of one name are all refused: one would be published over the other. `progress` is given the
    paths and passes them on one by one.
    """
    refused = {imported.path: imported for imported in _refused(paths, options)}
    done = []
    for path in progress(paths):
        imported = refused.get(path) or _read(path, options)
        done.append(_foreseen(imported, options) if options.dry_run else _stored(imported, options))
    return done


def _refused(paths: Iterable[Path], options: Options) -> list[Imported]:
    """The packages that cannot come in, or not beside each other.

    All are read for that, and again to be stored, so that they are not all in memory at once.
    """
    refused = []
    identities = []
    for path in paths:
        imported = _read(path, options)
        if imported.package is None:
            refused.append(imported)
        else:
            identities.append((str(path), imported.package.manifest.name, imported.package.digest))
    clashes = name_clashes(identities)
    return [*refused, *(Imported(Path(place), problems=(clash,)) for place, clash in clashes.items())]


def _read(path: Path, options: Options) -> Imported:
    name = (options.names or {}).get(path, "")
    inspection = services.inspect_on_disk(path, mend=options.mend, name=name, prefix=options.prefix)
    return Imported(path, inspection.package, problems=inspection.problems, mendable=inspection.mendable)


def _foreseen(imported: Imported, options: Options) -> Imported:
    """What would become of a package, as far as one can tell without storing it."""
    package = imported.package
    skill = Skill.objects.filter(name=package.manifest.name).first() if package else None
    if package is None or skill is None:
        return replace(imported, created=package is not None)
    new = services.find_identical_version(skill, package) is None
    uploader = services.last_uploader_other_than(skill, options.user) if new else ""
    return replace(imported, created=new, uploader_before=uploader)


def _stored(imported: Imported, options: Options) -> Imported:
    package = imported.package
    if package is None:
        return imported
    skill = Skill.objects.filter(name=package.manifest.name).first()
    uploader = services.last_uploader_other_than(skill, options.user) if skill else ""
    try:
        version, created = services.create_version(package, user=options.user, note=options.note)
    except services.Conflict as conflict:
        return Imported(imported.path, problems=(Problem("conflict", {"reason": str(conflict)}),))
    except services.StoreFailed as failure:
        return Imported(imported.path, problems=(Problem("store-failed", {"reason": str(failure)}),))
    imported = replace(imported, version=version, created=created, uploader_before=uploader if created else "")
    try:
        return replace(imported, published=options.publish and _publish(version, options))
    except services.Conflict as conflict:
        return replace(imported, problems=(*imported.problems, Problem("not-published", {"reason": str(conflict)})))


def _publish(version: SkillVersion, options: Options) -> bool:
    version.skill.refresh_from_db()
    if version.skill.live_version == version:
        return False
    services.publish(version.skill, version.number, actor=options.user, reason=options.note)
    return True
