"""What is live, told to everything that is derived from the registry: `latest.json`, the published catalog.

A projection may fail without harm: the registry has decided, the skill stays pending (the admin
shows it), and this module tries again until it is done. Each target orders writes by generation,
so any process may project any skill at any time.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils.module_loading import import_string

from invocations.supervision import SupervisedThread

from .catalog.signals import catalog_changed
from .models import Skill

log = logging.getLogger(__name__)


def project(skill: Skill) -> bool:
    """Bring every target in line with the registry; False where one of them failed, which is tried again.

    Either way gateways are told that something has changed.
    """
    try:
        return _projected(skill)
    finally:
        catalog_changed.send(sender=Skill)


def _projected(skill: Skill) -> bool:
    skill = Skill.objects.with_summary().get(pk=skill.pk)
    try:
        for target in settings.PROJECTIONS:
            import_string(target)(skill)
    except OSError:
        log.warning("%s is not projected yet; trying again", skill.name, exc_info=True)
        _retrier.wake()
        return False
    Skill.objects.filter(pk=skill.pk, generation=skill.generation).update(projected_generation=skill.generation)
    return True


def project_pending() -> int:
    """Project every skill that is pending; how many could be."""
    return sum([project(skill) for skill in Skill.objects.pending()])


def resume() -> None:
    """Take up, in the background, what an earlier process has left pending."""
    _retrier.wake()


class _Retrier:
    """A thread that tries again, from the first time that something is pending."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._thread = SupervisedThread("projection-retrier", self._run)

    def wake(self) -> None:
        """See to it that what is pending is tried again."""
        self._wanted.set()
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._retry()
            self._thread.part.beat()
            self._wanted.wait()

    def _retry(self) -> None:
        """Try until nothing is pending."""
        waits = settings.PROJECTION_RETRY_SECONDS
        for wait in itertools.chain(waits, itertools.repeat(waits[-1])):
            time.sleep(wait)
            self._wanted.clear()
            try:
                if self._done():
                    return
            finally:
                connections.close_all()

    def _done(self) -> bool:
        try:
            project_pending()
            return not Skill.objects.pending().exists()
        except DatabaseError:
            log.exception("pending projections cannot be looked up; trying again")
            return False


_retrier = _Retrier()
