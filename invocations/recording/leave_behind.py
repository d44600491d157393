"""Hand over everything that this process has not written to other replicas."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from invocations.events import InvocationEvent

from .backlog import Backlog
from .handover import EVENTS_MAX, Handover
from .spool import Spool

log = logging.getLogger(__name__)


def hand_over_all(handover: Handover, backlog: Backlog, spool: Spool | None, changed: threading.Condition) -> bool:
    """Write the calls in memory, then those only on disk, to the bucket; return False if that fails.

    `changed` guards the backlog. The writer thread may write some of the same calls, which is harmless.
    """
    try:
        count = _hand_over_memory(handover, backlog, changed)
        if spool is not None:
            with changed:
                spool.close()
            count += _hand_over_files(handover, spool)
    except Exception:
        log.exception("handing calls over to other replicas failed too; trying again")
        return False
    if count:
        log.warning("handed %d calls over to other replicas through the bucket", count)
    return True


def _hand_over_memory(handover: Handover, backlog: Backlog, changed: threading.Condition) -> int:
    with changed:
        events = backlog.events()
    for part in _split(events):
        handover.put(part)
        with changed:
            backlog.remove(part)
            changed.notify_all()
    return len(events)


def _hand_over_files(handover: Handover, spool: Spool) -> int:
    count = 0
    while True:
        with spool.take_over_segment() as events:
            for part in _split(events):
                handover.put(part)
        if not events:
            return count
        count += len(events)


def _split(events: Sequence[InvocationEvent]) -> list[Sequence[InvocationEvent]]:
    return [events[start : start + EVENTS_MAX] for start in range(0, len(events), EVENTS_MAX)]
