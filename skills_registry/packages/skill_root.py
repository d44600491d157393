"""Finds the skill's root folder among a package's paths. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .manifest_fields import SKILL_MD
from .paths import path_params, printable
from .problems import Problem, Report


def find_root(files: Collection[str], report: Report) -> str | None:
    """The skill's root: "", or the single top folder with a slash. None if there is none, which is reported."""
    if SKILL_MD in files:
        return ""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) == 1 and (root := f"{tops.pop()}/") + SKILL_MD in files:
        return root
    # If the path of a SKILL.md was rejected, it is already reported and needs no second problem.
    if not any(SKILL_MD in problem.file for problem in report.problems if problem.severity == "error"):
        report.extend([_explain_missing(files)])
    return None


def warn_of_inner_skills(files: Collection[str], root: str, report: Report) -> None:
    """Warn of subfolders with a SKILL.md: they become files of this skill, not skills."""
    within = (path.removeprefix(root) for path in files)
    inner = outermost(path.removesuffix(SKILL_MD) for path in within if path.endswith(f"/{SKILL_MD}"))
    if inner:
        report.warning("skill-md-inner", path_params(inner))


def _explain_missing(files: Collection[str]) -> Problem:
    """Why there is no SKILL.md in the package's root."""
    if not files:
        return Problem("package-empty")
    misnamed = sorted((path for path in files if _is_misnamed(path)), key=_depth)
    skills = outermost(path.removesuffix(SKILL_MD) for path in files if path.endswith(f"/{SKILL_MD}"))
    if misnamed and (not skills or _depth(misnamed[0]) < min(map(_depth, skills))):
        name = printable(misnamed[0])
        return Problem("skill-md-case", {"name": name}, name)
    if not skills:
        return Problem("skill-md-missing")
    if len(skills) > 1:
        return Problem("skill-md-several", path_params(skills))
    if _depth(skills[0]) > 1:
        return Problem("skill-md-too-deep", {"path": printable(skills[0] + SKILL_MD)})
    strays = [path for path in files if not path.startswith(skills[0])]
    return Problem("files-outside-folder", {"folder": printable(skills[0]), **path_params(strays)})


def _is_misnamed(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name != SKILL_MD and name.lower() == SKILL_MD.lower()


def _depth(path: str) -> int:
    return path.count("/")


def outermost(folders: Iterable[str]) -> list[str]:
    """The folders (with a slash at the end) that are not inside another of them."""
    found: list[str] = []
    for folder in sorted(folders):
        if not found or not folder.startswith(found[-1]):
            found.append(folder)
    return found
