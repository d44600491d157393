"""What others may ask about calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from .models import Invocation, SkillCounter


@dataclass(frozen=True)
class Totals:
    """How often a skill was called, how often that failed, and when last."""

    calls: int = 0
    errors: int = 0
    last_call: datetime | None = None


def totals(skills: Iterable[str]) -> dict[str, Totals]:
    """The totals of several skills, in one query; a skill that was never called has zeros."""
    names = list(skills)
    counters = SkillCounter.objects.in_bulk(names)
    return {
        name: Totals(counter.invocation_count, counter.error_count, counter.last_invoked_at)
        if (counter := counters.get(name))
        else Totals()
        for name in names
    }


def recent(
    *, skill: str = "", status: str = "", method: str = "", before: Invocation | None = None, limit: int = 50
) -> QuerySet[Invocation]:
    """The newest calls first, at most `limit`; `before` continues after the last one of a page."""
    calls = Invocation.objects.all()
    for name, value in (("skill", skill), ("status", status), ("method", method)):
        if value:
            calls = calls.filter(**{name: value})
    if before is not None:
        older = Q(invoked_at__lt=before.invoked_at)
        calls = calls.filter(older | Q(invoked_at=before.invoked_at, pk__lt=before.pk))
    return calls[:limit]
