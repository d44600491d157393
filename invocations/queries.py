"""What others may ask about calls, whichever store holds them."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from .events import InvocationEvent
from .stores import get_store
from .stores.base import CallFilter, CallPage, Position, Totals

log = logging.getLogger(__name__)

__all__ = ["CallFilter", "CallPage", "Position", "Totals", "call", "calls", "prune", "totals"]


def totals(skills: Iterable[str]) -> dict[str, Totals | None]:
    """The totals of several skills, in one query; zeros where one was never called.

    None for each while their store is away: pages about skills do not depend on it.
    """
    names = list(skills)
    try:
        return dict(get_store().totals(names))
    except OSError:
        log.warning("calls cannot be counted, since their store does not answer", exc_info=True)
        return dict.fromkeys(names)


def calls(wanted: CallFilter, *, before: Position | None = None, limit: int = 50) -> CallPage:
    """The newest calls first, at most `limit`; `before` is the `next` of the page before."""
    return get_store().calls(wanted, before, limit)


def call(skill: str, position: Position) -> InvocationEvent | None:
    """One call, or None where there is none (any more)."""
    return get_store().call(skill, position)


def prune() -> int:
    """Remove expired calls; how many. Counters keep counting them."""
    return get_store().prune()
