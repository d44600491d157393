"""Batches of events -> rows and counters in SQL, both in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Greatest

from .events import InvocationEvent
from .models import Invocation, SkillCounter

_FIELDS = [field.name for field in fields(InvocationEvent)]
_LENGTHS = {field.name: field.max_length for field in Invocation._meta.fields if field.max_length}


def write_batch(events: Sequence[InvocationEvent]) -> None:
    """Write all events and raise the counters by them, or nothing; what is there already is left alone.

    Rows and counters change in one transaction, so a row that is there has been counted: that is how
    a batch whose outcome is unknown is repeated without counting twice.
    """
    with transaction.atomic():
        known = set(Invocation.objects.filter(pk__in=[event.id for event in events]).values_list("pk", flat=True))
        events = [event for event in events if event.id not in known]
        Invocation.objects.bulk_create(_row(event) for event in events)
        by_skill: dict[str, list[InvocationEvent]] = defaultdict(list)
        for event in events:
            by_skill[_value(event, "skill")].append(event)
        # In one order everywhere, so that two writers never wait for each other.
        for skill in sorted(by_skill):
            _count(skill, by_skill[skill])


def _count(skill: str, events: list[InvocationEvent]) -> None:
    SkillCounter.objects.bulk_create([SkillCounter(skill=skill)], ignore_conflicts=True)
    last = max(event.invoked_at for event in events)
    SkillCounter.objects.filter(pk=skill).update(
        invocation_count=F("invocation_count") + len(events),
        error_count=F("error_count") + sum(event.status == "error" for event in events),
        last_invoked_at=Greatest(Coalesce("last_invoked_at", Value(last)), Value(last)),
    )


def _row(event: InvocationEvent) -> Invocation:
    return Invocation(**{name: _value(event, name) for name in _FIELDS})


def _value(event: InvocationEvent, name: str) -> Any:
    """The event's value in the shape of its column: too long a text is cut, NUL (which SQL refuses) replaced."""
    value = getattr(event, name)
    if isinstance(value, str):
        value = value.replace("\0", "\ufffd")
        return value[: _LENGTHS[name]] if name in _LENGTHS else value
    return value
