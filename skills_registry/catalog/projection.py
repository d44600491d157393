"""Projects skills: writes their state to everything derived from it.

There are two targets (`settings.PROJECTIONS`): the published catalog and `latest.json`. Each target and each
skill is written and retried independently. The catalog comes first, so that a withdrawn skill stops being
served even if `latest.json` cannot be written. Each target orders writes by generation, so any process may
write any skill at any time.
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
    """Write a skill to both targets; False if one failed, which is retried in the background.

    Signals `catalog_changed` as soon as the catalog is written.
    """
    served = _attempt(CATALOG, skill.pk)
    catalog_changed.send(sender=Skill)
    return _attempt(LATEST, skill.pk) and served


def project_pending() -> int:
    """Write all pending skills, and return how many succeeded."""
    pending = [(target, pk) for target in (CATALOG, LATEST) for pk in _pending(target)]
    failed = {pk for target, pk in pending if not _attempt(target, pk)}
    catalog_changed.send(sender=Skill)
    return len({pk for _, pk in pending} - failed)


def start() -> None:
    """Start the threads that retry what failed here or was left pending by another process."""
    for retrier in _retriers.values():
        retrier.start()


def _pending(target: str) -> list[int]:
    pending = Skill.objects.unserved() if target == CATALOG else Skill.objects.unstored()
    return list(pending.withdrawn_first().values_list("pk", flat=True))


def _attempt(target: str, pk: int) -> bool:
    try:
        _write(target, pk)
    except OSError as error:
        log.warning("cannot write %s of skill %d; retrying: %s", target, pk, error)
    except Exception:  # a bug with one skill must not stop the others
        log.exception("cannot write %s of skill %d; retrying", target, pk)
    else:
        _retriers[target].succeeded(pk)
        return True
    _retriers[target].failed(pk)
    return False


def _write(target: str, pk: int) -> None:
    skill = Skill.objects.with_summary().get(pk=pk)
    found = import_string(settings.PROJECTIONS[target])(skill)
    if found > skill.generation and _overtake(skill, found):
        log.warning("%s of %s had generation %d, newer than the registry's; rewritten", target, skill, found)
        _attempt(CATALOG, pk)
        found = import_string(settings.PROJECTIONS[target])(Skill.objects.with_summary().get(pk=pk))
    written = {CATALOG: {"served_generation": found, "unserved_since": None}, LATEST: {"projected_generation": found}}
    Skill.objects.filter(pk=pk, generation=found).update(**written[target])


def _overtake(skill: Skill, found: int) -> bool:
    """Give a skill a generation above the one found in a target; False if it already has at least that one.

    A newer generation in a target usually means that another process was faster. Only after the database was
    restored from an old backup is it newer than the registry's own; then the registry has to overtake it.
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
