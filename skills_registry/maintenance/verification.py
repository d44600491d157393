"""Compares stored files, sidecars, `latest.json` and the published catalog with the registry."""

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
    """How to repair a difference; see `repair`."""

    ANNOUNCE = "rewrite latest.json and the catalog"
    SIDECAR = "rewrite the sidecar"
    WITHDRAW = "remove from the catalog"
    RECOUNT = "rewrite the head of the catalog"


@dataclass(frozen=True)
class Difference:
    """A difference from the registry, and its remedy, if there is one."""

    skill: str
    description: str
    remedy: Remedy | None = None
    version: int = 0


REMEDIES = {Kind.SKILL: Remedy.ANNOUNCE, Kind.UNKNOWN: Remedy.WITHDRAW, Kind.HEAD: Remedy.RECOUNT}


def verify_version(version: SkillVersion) -> Iterator[Difference]:
    """Compare a version's stored files and sidecar with the registry. Raises OSError if the store fails."""
    name = version.skill.name
    found = list(_verify_files(version))
    yield from found
    # A sidecar marks a version as complete, so it is not rewritten for a damaged version.
    remedy = None if found else Remedy.SIDECAR
    if what := _sidecar_problem(version):
        yield Difference(name, f"{version.label}: {what}", remedy, version.number)


def verify_latest(skill: Skill) -> Iterator[Difference]:
    """Compare `latest.json` with the registry; `skill` must be read `with_summary`."""
    try:
        said = package_store.read_latest(skill.name)
    except FileNotFoundError:
        yield Difference(skill.name, "latest.json is missing", Remedy.ANNOUNCE)
        return
    except DamagedRecord as damaged:
        yield Difference(skill.name, str(damaged), Remedy.ANNOUNCE)
        return
    for key, expected in package_store.latest_record(skill).items():
        # An older generation is not a difference: its replacement is pending.
        if said.get(key) != expected and (key != "generation" or said[key] > skill.generation):
            what = f"latest.json differs in {key}: {said.get(key)}, in the registry {expected}"
            yield Difference(skill.name, what, Remedy.ANNOUNCE)


def verify_catalog() -> Iterator[Difference]:
    """Compare the published catalog with the registry. Raises OSError."""
    if settings.STORAGE_BACKEND == "local":
        return  # gateways read the database itself
    for problem in dynamodb_checks.find_problems():
        yield Difference(problem.name, problem.description, REMEDIES.get(problem.kind))


def _verify_files(version: SkillVersion) -> Iterator[Difference]:
    name = version.skill.name
    for file in version.files:
        try:
            content = package_store.read_file(name, version.number, file["path"])
        except FileNotFoundError:
            yield Difference(name, f"{version.label}: {file['path']} is missing")
            continue
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            yield Difference(name, f"{version.label}: {file['path']} does not match its digest")


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
    return f"the sidecar differs in {', '.join(wrong)}" if wrong else ""
