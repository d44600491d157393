"""Imports many skills from disk, by the same rules and operations as an upload."""

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
    """Options for all paths of an import.

    Skills at the paths in `names` are renamed to the given name; all others get the `prefix`. With `mend`, YAML
    errors in SKILL.md are mended where that is safe.
    """

    user: User | None = None
    note: str = ""
    publish: bool = False
    dry_run: bool = False
    mend: bool = False
    prefix: str = ""
    names: Mapping[Path, str] | None = None


@dataclass(frozen=True)
class ImportResult:
    """The result for one path: package and version (None in a dry run), or the problems for which it was rejected.

    A version that could not be published as requested has an error among its problems.
    """

    path: Path
    package: Package | None = None
    version: SkillVersion | None = None
    created: bool = False
    published: bool = False
    problems: tuple[Problem, ...] = ()
    uploader_before: str = ""
    """Uploader of the skill's previous version, if that was another user."""
    mendable: bool = False
    """Whether errors in its SKILL.md could be mended with `mend`."""

    @property
    def failed(self) -> bool:
        """Whether it was rejected, or could not be published as requested."""
        return any(problem.severity == "error" for problem in self.problems)


def import_skills(
    paths: Sequence[Path], options: Options, *, progress: Callable[[Sequence[Path]], Iterable[Path]] = iter
) -> list[ImportResult]:
    """Import folders and zips. Problems of a package are part of its result, not raised.

    Different packages with the same name are all rejected, since one would replace the other. `progress` wraps
    the iteration over the paths.
    """
    refused = {imported.path: imported for imported in _find_refused(paths, options)}
    done = []
    for path in progress(paths):
        imported = refused.get(path) or _read(path, options)
        done.append(_predict(imported, options) if options.dry_run else _store(imported, options))
    return done


def _find_refused(paths: Iterable[Path], options: Options) -> list[ImportResult]:
    """Results for paths whose packages are invalid or clash with each other.

    Packages are read here and again for storing, so that not all are in memory at once.
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
    return [*refused, *(ImportResult(Path(place), problems=(clash,)) for place, clash in clashes.items())]


def _read(path: Path, options: Options) -> ImportResult:
    name = (options.names or {}).get(path, "")
    inspection = services.inspect_on_disk(path, mend=options.mend, name=name, prefix=options.prefix)
    return ImportResult(path, inspection.package, problems=inspection.problems, mendable=inspection.mendable)


def _predict(imported: ImportResult, options: Options) -> ImportResult:
    """Predict the result without storing anything."""
    package = imported.package
    skill = Skill.objects.filter(name=package.manifest.name).first() if package else None
    if package is None or skill is None:
        return replace(imported, created=package is not None)
    new = services.find_identical_version(skill, package) is None
    uploader = services.last_uploader_other_than(skill, options.user) if new else ""
    return replace(imported, created=new, uploader_before=uploader)


def _store(imported: ImportResult, options: Options) -> ImportResult:
    package = imported.package
    if package is None:
        return imported
    skill = Skill.objects.filter(name=package.manifest.name).first()
    uploader = services.last_uploader_other_than(skill, options.user) if skill else ""
    try:
        version, created = services.create_version(package, user=options.user, note=options.note)
    except services.Conflict as conflict:
        return ImportResult(imported.path, problems=(Problem("conflict", {"reason": str(conflict)}),))
    except services.StoreFailed as failure:
        return ImportResult(imported.path, problems=(Problem("store-failed", {"reason": str(failure)}),))
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
