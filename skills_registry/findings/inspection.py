"""Inspects a package: the result that the upload page, the API and CI show. Pure."""

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
    """The result of inspecting a package: the package if it is accepted, and all problems."""

    package: Package | None
    problems: tuple[Problem, ...]
    skill_md: str = ""
    """The text of a rejected package's SKILL.md, if it could be read."""
    mended: Mended | None = None
    """The corrected text, if its errors can be mended safely."""

    @property
    def errors(self) -> list[Problem]:
        """Problems for which the package is rejected."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """Problems that an operator should know before accepting it."""
        return [problem for problem in self.problems if problem.severity == "warning"]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reviewer should look at."""
        return self.package.findings if self.package else ()

    @property
    def mendable(self) -> bool:
        """Whether it is rejected for errors in SKILL.md that can be mended."""
        return self.package is None and self.mended is not None


def inspect_archive(data: bytes, limits: Limits) -> Inspection:
    """Inspect a zip."""
    try:
        return _accepted(read_archive(data, limits))
    except InvalidSkill as invalid:
        return _refused(invalid)


def inspect_path(path: str, limits: Limits, name: str = "", prefix: str = "") -> Inspection:
    """Inspect a folder or a zip on disk; rename the skill to `name`, or else add `prefix` to its name."""
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
    """Inspect files (by path) of the skill with this name; `problems` found earlier join the result."""
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
