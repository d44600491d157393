"""Paths of a package -> where in them the skill lies, or why it cannot be found. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .manifest_fields import SKILL_MD
from .paths import listed, printable
from .problems import Problem, Report


def find_root(files: Collection[str], report: Report) -> str | None:
    """The prefix below which the skill lies: "" or its one top folder with a slash; None with the reason."""
    if SKILL_MD in files:
        return ""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) == 1 and (root := f"{tops.pop()}/") + SKILL_MD in files:
        return root
    # A SKILL.md whose path was refused is reported already; it is the one that is missing here.
    if not any(SKILL_MD in problem.file for problem in report.problems if problem.severity == "error"):
        report.extend([_reason(files)])
    return None


def check_inner(files: Collection[str], root: str, report: Report) -> None:
    """Warn of folders in the skill that hold a SKILL.md: they come in as files of this skill, not as skills."""
    within = (path.removeprefix(root) for path in files)
    inner = outermost(path.removesuffix(SKILL_MD) for path in within if path.endswith(f"/{SKILL_MD}"))
    if inner:
        message = f"other folders in it hold a {SKILL_MD} and come in as files of this skill: {listed(inner)}"
        hint = "If they are skills themselves, take them out of this folder and bring them in separately."
        report.warning("skill-md-inner", message, hint)


def _reason(files: Collection[str]) -> Problem:
    """Why a package has no SKILL.md in its place."""
    if not files:
        return Problem("package-empty", "the package holds no files", f"Put at least a {SKILL_MD} into it.")
    misnamed = sorted((path for path in files if _is_misnamed(path)), key=_depth)
    skills = outermost(path.removesuffix(SKILL_MD) for path in files if path.endswith(f"/{SKILL_MD}"))
    if misnamed and (not skills or _depth(misnamed[0]) < min(map(_depth, skills))):
        name = printable(misnamed[0])
        return Problem("skill-md-case", f"the file is called {name}", f"Rename it to {SKILL_MD}.", name)
    if not skills:
        hint = f"Put {SKILL_MD} at the top of the package, or in its one top folder."
        return Problem("skill-md-missing", f"there is no {SKILL_MD}", hint)
    if len(skills) > 1:
        hint = (
            "A package is one skill: unpack this one and upload the folder of each skill, or a zip of it; "
            "or import them all with `manage.py import_skills FOLDER`."
        )
        return Problem("skill-md-several", f"there are {len(skills)} skills in it: {listed(skills)}", hint)
    if _depth(skills[0]) > 1:
        hint = "Pack the folder that holds SKILL.md, not the ones around it."
        return Problem("skill-md-too-deep", f"{SKILL_MD} is at {printable(skills[0] + SKILL_MD)}", hint)
    strays = [path for path in files if not path.startswith(skills[0])]
    message = f"besides the folder {printable(skills[0])} there is {listed(strays)}"
    return Problem("files-outside-folder", message, "Pack the skill's folder alone.")


def _is_misnamed(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name != SKILL_MD and name.lower() == SKILL_MD.lower()


def _depth(path: str) -> int:
    return path.count("/")


def outermost(folders: Iterable[str]) -> list[str]:
    """The folders (with a slash at the end) that lie in no other of them."""
    found: list[str] = []
    for folder in sorted(folders):
        if not found or not folder.startswith(found[-1]):
            found.append(folder)
    return found
