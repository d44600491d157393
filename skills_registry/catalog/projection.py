"""The registry's state of a skill, written to everything that is derived from it.

There are two targets (`settings.PROJECTIONS`): the catalog that gateways read, and `latest.json`. Each is
written, fails and is tried again on its own, for each skill on its own. The catalog comes first, so that
what was withdrawn is served no longer whatever becomes of `latest.json`. Each target orders writes by
generation, so any process may write any skill at any time.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from skills_registry.models import Skill

from .head import lock_skill, next_generation, save_generation
from .projection_threads import Retrier
from .signals import catalog_changed

log = logging.getLogger(__name__)

CATALOG, LATEST = "catalog", "latest"


def project(skill: Skill) -> bool:
    """Write a skill to every target; False where one of them failed, which is tried again.

    Gateways are told that something has changed as soon as the catalog says so.
    """
    served = _attempt(CATALOG, skill.pk)
    catalog_changed.send(sender=Skill)
    return _attempt(LATEST, skill.pk) and served


def project_pending() -> int:
    """Write every skill that is pending; how many could be."""
    pending = [(target, pk) for target in (CATALOG, LATEST) for pk in _pending(target)]
    failed = {pk for target, pk in pending if not _attempt(target, pk)}
    catalog_changed.send(sender=Skill)
    return len({pk for _, pk in pending} - failed)


def start() -> None:
    """Try again, in the background, whatever fails here or was left pending by another process."""
    for retrier in _retriers.values():
        retrier.start()


def _pending(target: str) -> list[int]:
    pending = Skill.objects.unserved() if target == CATALOG else Skill.objects.unstored()
    return list(pending.withdrawn_first().values_list("pk", flat=True))


def _attempt(target: str, pk: int) -> bool:
    try:
        _write(target, pk)
    except OSError as error:
        log.warning("%s of skill %d cannot be written yet; trying again: %s", target, pk, error)
    except Exception:  # what is wrong with one skill must not keep the others from being written
        log.exception("%s of skill %d cannot be written; trying again", target, pk)
    else:
        _retriers[target].succeeded(pk)
        return True
    _retriers[target].failed(pk)
    return False


def _write(target: str, pk: int) -> None:
    skill = Skill.objects.with_summary().get(pk=pk)
    found = import_string(settings.PROJECTIONS[target])(skill)
    if found > skill.generation and _overtake(skill, found):
        log.warning("%s of %s was of generation %d, newer than the registry; written anew", target, skill, found)
        _attempt(CATALOG, pk)
        found = import_string(settings.PROJECTIONS[target])(Skill.objects.with_summary().get(pk=pk))
    written = {CATALOG: {"served_generation": found, "unserved_since": None}, LATEST: {"projected_generation": found}}
    Skill.objects.filter(pk=pk, generation=found).update(**written[target])


def _overtake(skill: Skill, found: int) -> bool:
    """Give a skill a generation above one that was found; False where it has that already.

    That a target has a newer generation is usual where another process was faster. It is newer than the
    whole registry only after that was restored from an old backup; then the registry decides again.
    """
    with transaction.atomic():
        generation = next_generation(above=found)
        skill = lock_skill(skill)
        if skill.generation >= found:
            transaction.set_rollback(True)
            return False
        save_generation(skill, generation)
    return True


def _retry(target: str, pk: int) -> None:
    if _attempt(target, pk) and target == CATALOG:
        catalog_changed.send(sender=Skill)


_retriers = {target: Retrier(target, _pending, _retry) for target in (CATALOG, LATEST)}
