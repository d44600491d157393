"""Does everything that is derived from the registry, or referred to by it, still say what the registry says?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from django.conf import settings

from skills_registry.catalog import dynamodb_checks
from skills_registry.catalog.dynamodb_checks import Kind
from skills_registry.models import Skill, SkillVersion
from skills_registry.services.versions import sidecar_content
from skills_registry.store import package_store
from skills_registry.store.records import DamagedRecord


class Remedy(Enum):
    """What mends a difference; see `repairing`."""

    ANNOUNCE = "write latest.json and the catalog anew"
    SIDECAR = "write the sidecar anew"
    WITHDRAW = "take out of the catalog"
    RECOUNT = "write the head of the catalog anew"


@dataclass(frozen=True)
class Difference:
    """Something that is not as the registry says, and what mends it, if anything does."""

    skill: str
    what: str
    remedy: Remedy | None = None
    version: int = 0


REMEDIES = {Kind.SKILL: Remedy.ANNOUNCE, Kind.STRANGER: Remedy.WITHDRAW, Kind.HEAD: Remedy.RECOUNT}


def verify_version(version: SkillVersion) -> Iterator[Difference]:
    """Read every file of a version back, and its sidecar. Raises OSError where the store fails."""
    name = version.skill.name
    found = list(_verify_files(version))
    yield from found
    # A sidecar says that a version is whole: it is not written anew for one that is not.
    remedy = None if found else Remedy.SIDECAR
    if what := _sidecar_problem(version):
        yield Difference(name, f"{version.label}: {what}", remedy, version.number)


def verify_latest(skill: Skill) -> Iterator[Difference]:
    """Compare `latest.json` with what the registry says; `skill` must be read `with_summary`."""
    try:
        said = package_store.read_latest(skill.name)
    except FileNotFoundError:
        yield Difference(skill.name, "latest.json is missing", Remedy.ANNOUNCE)
        return
    except DamagedRecord as damaged:
        yield Difference(skill.name, str(damaged), Remedy.ANNOUNCE)
        return
    for key, expected in package_store.latest(skill).items():
        # An older generation is on its way to be replaced, which is another matter.
        if said.get(key) != expected and (key != "generation" or said[key] > skill.generation):
            what = f"latest.json says of {key}: {said.get(key)}, the registry: {expected}"
            yield Difference(skill.name, what, Remedy.ANNOUNCE)


def verify_catalog() -> Iterator[Difference]:
    """Compare what gateways read with what the registry has published. Raises OSError."""
    if settings.STORAGE_BACKEND == "local":
        return  # they read the registry
    for problem in dynamodb_checks.problems():
        yield Difference(problem.name, problem.what, REMEDIES.get(problem.kind))


def _verify_files(version: SkillVersion) -> Iterator[Difference]:
    name = version.skill.name
    for file in version.files:
        try:
            content = package_store.read_file(name, version.number, file["path"])
        except FileNotFoundError:
            yield Difference(name, f"{version.label}: {file['path']} is missing")
            continue
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            yield Difference(name, f"{version.label}: {file['path']} is not what was stored")


def _sidecar_problem(version: SkillVersion) -> str:
    try:
        said = package_store.read_sidecar(version.skill.name, version.number)
    except FileNotFoundError:
        return "the sidecar is missing"
    except DamagedRecord as damaged:
        return str(damaged)
    if said["digest"] != version.digest:
        return "the sidecar names another digest"
    expected = sidecar_content(version)
    wrong = [key for key in ("skill_id", "version", "size", "files") if said[key] != expected[key]]
    return f"the sidecar says something else of {', '.join(wrong)}" if wrong else ""
