"""Inspect packages in a worker process, within limits of CPU time and memory."""

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
"""CPU time for one inspection: several times what a package of the maximum size needs."""


def limits() -> Limits:
    """The package limits from the settings."""
    return Limits(
        files=settings.SKILL_MAX_FILES,
        total_bytes=settings.SKILL_MAX_BYTES,
        archive_bytes=settings.SKILL_MAX_ARCHIVE_BYTES,
        allow_long_description=settings.SKILL_ALLOW_LONG_DESCRIPTION,
        require_folder_name=settings.SKILL_REQUIRE_FOLDER_NAME,
    )


def inspect(data: bytes, *, mend: bool = False) -> Inspection:
    """Inspect a zip. Stores nothing and raises nothing; problems are in the result.

    `mend` fixes mistakes in SKILL.md that can be fixed safely.
    """
    return _run_inspection(inspect_archive, data, replace(limits(), mend=mend))


def inspect_on_disk(path: Path, *, mend: bool = False, name: str = "", prefix: str = "") -> Inspection:
    """Inspect a folder or a zip on disk. Stores nothing and raises nothing.

    For `mend` see `inspect`; for `name` and `prefix` see `inspect_path`.
    """
    readings = 2 if name or prefix else 1  # a renamed package is read twice
    arguments = str(path.resolve()), replace(limits(), mend=mend), name, prefix
    return _run_inspection(inspect_path, *arguments, cpu_seconds=readings * CPU_SECONDS)


def inspect_contents(
    contents: Mapping[str, bytes], skill: str, problems: tuple[Problem, ...], executables: frozenset[str]
) -> Inspection:
    """Inspect files given by path; see `inspect_files`. Stores nothing and raises nothing."""
    limit = limits().total_bytes
    # Checked before the contents are copied to the worker: many paths may share one content.
    if sum(map(len, contents.values())) > limit:
        return Inspection(None, (*problems, Problem("package-too-large", {"limit": limit})))
    return _run_inspection(inspect_files, contents, limits(), skill, problems, executables)


def _run_inspection(function: Callable[..., Inspection], *args: Any, cpu_seconds: float = CPU_SECONDS) -> Inspection:
    try:
        return run_bounded(cpu_seconds, function, *args)
    except JobFailed as refused:
        problem = Problem("server-busy") if refused.busy else Problem("too-much-work")
        return Inspection(None, (problem,))
