"""Does everything that is derived from the registry, or referred to by it, still say what the registry says?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from . import storage
from .catalog import Catalog, PublishedSkill, get_catalog
from .catalog.orm import OrmCatalog
from .models import Skill, SkillVersion


@dataclass(frozen=True)
class Difference:
    """Something that is not as the registry says; `mendable` where announcing the skill again mends it."""

    skill: str
    what: str
    mendable: bool = False


def verify_version(version: SkillVersion) -> Iterator[Difference]:
    """Read every file of a version back, and its sidecar. Raises OSError where the store fails."""
    name = version.skill.name
    for file in version.files:
        try:
            content = storage.read_file(name, version.number, file["path"])
        except FileNotFoundError:
            yield Difference(name, f"{version.label}: {file['path']} is missing")
            continue
        if hashlib.sha256(content).hexdigest() != file["sha256"]:
            yield Difference(name, f"{version.label}: {file['path']} is not what was stored")
    try:
        if storage.read_sidecar(name, version.number)["digest"] != version.digest:
            yield Difference(name, f"{version.label}: the sidecar names another digest")
    except FileNotFoundError:
        yield Difference(name, f"{version.label}: the sidecar is missing")


def verify_latest(skill: Skill) -> Iterator[Difference]:
    """Compare `latest.json` with what the registry says; `skill` must be read `with_summary`."""
    try:
        said = storage.read_latest(skill.name)
    except FileNotFoundError:
        yield Difference(skill.name, "latest.json is missing", mendable=True)
        return
    for key, expected in storage.latest(skill).items():
        # Generations differ while a projection is on its way, which is another matter.
        if key != "generation" and said.get(key) != expected:
            what = f"latest.json says of {key}: {said.get(key)}, the registry: {expected}"
            yield Difference(skill.name, what, mendable=True)


def verify_catalog() -> Iterator[Difference]:
    """Compare what gateways read with what the registry has published."""
    expected, found = _published(OrmCatalog()), _published(get_catalog())
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            known = Skill.objects.filter(name=name).exists()
            yield Difference(name, "the published catalog differs from the registry", mendable=known)


def _published(catalog: Catalog) -> dict[str, PublishedSkill]:
    return {skill.name: skill for skill in catalog.changes_since(0).published}
