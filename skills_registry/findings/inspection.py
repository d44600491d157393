"""Files in, everything there is to say about them out: what the review page, the API and CI show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from skills_registry.packages.archive import read_archive
from skills_registry.packages.folder import read_folder
from skills_registry.packages.package import Limits, Package, build_package
from skills_registry.packages.paths import is_junk
from skills_registry.packages.problems import Finding, InvalidSkill, Mended, Problem, Report
from skills_registry.packages.renaming import rename_package

from .scanner import scan


@dataclass(frozen=True)
class Inspection:
    """What was found in a package that somebody wants to bring in: the package if it may come in, and all remarks."""

    package: Package | None
    problems: tuple[Problem, ...]
    skill_md: str = ""
    """The text of a SKILL.md for which the package is refused, if it could be read."""
    mended: Mended | None = None
    """The same text without its mistakes, where they can be mended safely."""

    @property
    def errors(self) -> list[Problem]:
        """What keeps it out."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """What an operator should know before letting it in."""
        return [problem for problem in self.problems if problem.severity == "warning"]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reviewer should look at."""
        return self.package.findings if self.package else ()

    @property
    def mendable(self) -> bool:
        """Whether it is kept out by mistakes in its SKILL.md that can be mended."""
        return self.package is None and self.mended is not None


def inspect_archive(data: bytes, limits: Limits) -> Inspection:
    """Inspect a zip."""
    try:
        return _accepted(read_archive(data, limits))
    except InvalidSkill as invalid:
        return _refused(invalid)


def inspect_path(path: str, limits: Limits, name: str = "", prefix: str = "") -> Inspection:
    """Inspect a folder or a zip on disk; the skill gets another `name`, or else the `prefix` before its own."""
    try:
        place = Path(path)
        package = read_archive(place.read_bytes(), limits) if place.is_file() else read_folder(place, limits)
        given = name or prefix + package.manifest.name
        return _accepted(package if given == package.manifest.name else rename_package(package, given, limits))
    except InvalidSkill as invalid:
        return _refused(invalid)
    except OSError as failure:
        return Inspection(None, (Problem("unreadable", {"reason": failure.strerror or str(failure)}),))


def inspect_files(
    contents: Mapping[str, bytes],
    limits: Limits,
    skill: str,
    problems: tuple[Problem, ...],
    executables: frozenset[str],
) -> Inspection:
    """Inspect files by path of the skill of this name; `problems` were found before and are told with the others."""
    report = Report()
    report.extend(problems)
    dropped = [path for path in contents if is_junk(path)]
    paths = [path for path in contents if path not in dropped]
    try:
        return _accepted(
            build_package(
                paths,
                lambda path, limit: contents[path],
                limits=limits,
                report=report,
                skill=skill,
                dropped=dropped,
                executables=executables,
            )
        )
    except InvalidSkill as invalid:
        return _refused(invalid)


def _accepted(package: Package) -> Inspection:
    return Inspection(replace(package, findings=scan(package.files)), package.warnings)


def _refused(invalid: InvalidSkill) -> Inspection:
    return Inspection(None, invalid.problems, invalid.skill_md, invalid.mended)
