"""Repairs differences that `verification` found, from what the registry knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from skills_registry import services
from skills_registry.catalog import catalog_changed, dynamodb_projection
from skills_registry.models import Skill, SkillVersion
from skills_registry.services.versions import sidecar_content
from skills_registry.store import package_store

from .verification import Difference, Remedy


def repair_difference(difference: Difference) -> bool:
    """Repair a difference; return whether it is repaired. Exceptions of the repair pass through."""
    return difference.remedy is not None and _REPAIRS[difference.remedy](difference)


def _project_again(difference: Difference) -> bool:
    skill = Skill.objects.get(name=difference.skill)
    services.announce_again(skill)
    return not Skill.objects.pending().filter(pk=skill.pk).exists()


def _write_sidecar(difference: Difference) -> bool:
    version = SkillVersion.objects.ready().get(skill__name=difference.skill, number=difference.version)
    package_store.replace_sidecar(difference.skill, difference.version, sidecar_content(version))
    return True


def _withdraw(difference: Difference) -> bool:
    dynamodb_projection.withdraw(difference.skill)
    catalog_changed.send(sender=Skill)
    return True


def _recount(_difference: Difference) -> bool:
    dynamodb_projection.recount()
    return True


_REPAIRS: Mapping[Remedy, Callable[[Difference], bool]] = {
    Remedy.ANNOUNCE: _project_again,
    Remedy.SIDECAR: _write_sidecar,
    Remedy.WITHDRAW: _withdraw,
    Remedy.RECOUNT: _recount,
}
