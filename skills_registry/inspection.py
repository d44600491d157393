"""A zip in, everything there is to say about it out: what the review page, the API and CI show."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.conf import settings

from .archive import read_archive
from .package import Limits, Package
from .problems import InvalidSkill, Mended, Problem
from .scanner import Finding, scan


@dataclass(frozen=True)
class Inspection:
    """What was found in an uploaded zip: the package if it may come in, and all remarks."""

    package: Package | None
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...] = ()
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


def limits() -> Limits:
    """The limits on packages that this installation sets."""
    return Limits(
        files=settings.SKILL_MAX_FILES,
        total_bytes=settings.SKILL_MAX_BYTES,
        archive_bytes=settings.SKILL_MAX_ARCHIVE_BYTES,
        allow_long_description=settings.SKILL_ALLOW_LONG_DESCRIPTION,
        require_folder_name=settings.SKILL_REQUIRE_FOLDER_NAME,
    )


def inspect(data: bytes, *, mend: bool = False) -> Inspection:
    """Say everything there is to say about a zip; stores nothing and raises nothing.

    With `mend` the mistakes in its SKILL.md that can be mended safely are mended.
    """
    try:
        package = read_archive(data, replace(limits(), mend=mend))
    except InvalidSkill as invalid:
        return Inspection(None, invalid.problems, skill_md=invalid.skill_md, mended=invalid.mended)
    return Inspection(package, package.warnings, scan(package))
