"""What is to be said of packages that somebody wants to bring in, within bounds of time and memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings

from skills_registry.bounded.pool import JobFailed, run_bounded
from skills_registry.findings.inspection import Inspection, inspect_archive, inspect_files, inspect_path
from skills_registry.packages.package import Limits
from skills_registry.packages.problems import Problem

CPU_SECONDS = 1.2
"""Several times what a package takes that is as large as one may be."""


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
    return _inspected(inspect_archive, data, replace(limits(), mend=mend))


def inspect_on_disk(path: Path, *, mend: bool = False, name: str = "", prefix: str = "") -> Inspection:
    """Say everything there is to say about a folder or a zip on disk; stores nothing and raises nothing.

    `mend` as in `inspect`; `name` and `prefix` as in `inspect_path`.
    """
    readings = 2 if name or prefix else 1  # under another name it is read once more
    arguments = str(path.resolve()), replace(limits(), mend=mend), name, prefix
    return _inspected(inspect_path, *arguments, cpu_seconds=readings * CPU_SECONDS)


def inspect_contents(
    contents: Mapping[str, bytes], skill: str, problems: tuple[Problem, ...], executables: frozenset[str]
) -> Inspection:
    """Say everything there is to say about files by path, see `inspect_files`; stores nothing and raises nothing."""
    largest = limits().total_bytes
    if sum(map(len, contents.values())) > largest:  # before all of it is copied: many paths may share their bytes
        return Inspection(None, (*problems, Problem("package-too-large", {"limit": largest})))
    return _inspected(inspect_files, contents, limits(), skill, problems, executables)


def _inspected(inspection: Callable[..., Inspection], *arguments: Any, cpu_seconds: float = CPU_SECONDS) -> Inspection:
    try:
        return run_bounded(cpu_seconds, inspection, *arguments)
    except JobFailed as failure:
        problem = Problem("server-busy") if failure.busy else Problem("too-much-work")
        return Inspection(None, (problem,))
