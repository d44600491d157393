"""Calls in SQL: rows and counters change in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from invocations.events import InvocationEvent
from invocations.models import DayCount, Invocation, SkillCounter
from invocations.usage import Use, days_between, today

from . import orm_reading
from .base import ALL, DAYS_KEPT, CallFilter, CallPage, Counter, Position, Totals

PRUNED_AT_ONCE = 10_000
_FIELDS = [field.name for field in fields(InvocationEvent)]
_LENGTHS = {field.name: field.max_length for field in Invocation._meta.fields if field.max_length}


class OrmStore:
    """See `InvocationStore`."""

    def write_batch(self, events: Sequence[InvocationEvent]) -> None:
        """A row that is there has been counted, as both are written together: it is left alone.

        That is how a batch whose outcome is unknown is repeated without counting twice.
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
            _count_days(by_skill)

    def totals(self, skills: Iterable[str]) -> dict[str, Totals]:
        names = list(skills)
        counters = SkillCounter.objects.in_bulk(names)
        return {
            name: Totals(counter.invocation_count, counter.error_count, counter.last_invoked_at)
            if (counter := counters.get(name))
            else Totals()
            for name in names
        }

    def days(self, skills: Iterable[str], since: date, until: date) -> dict[str, dict[date, Use]]:
        found: dict[str, dict[date, Use]] = {skill: {} for skill in skills}
        # Each day by its name, so that the index is entered at every skill of every day.
        counts = DayCount.objects.filter(day__in=days_between(since, until), skill__in=found)
        for skill, day, calls, errors in counts.values_list("skill", "day", "calls", "errors"):
            found[skill][day] = Use(calls, errors)
        return found

    def uses(self, since: date, until: date) -> dict[str, Use]:
        counts = DayCount.objects.filter(day__range=(since, until)).exclude(skill=ALL)
        sums = counts.values_list("skill").annotate(Sum("calls"), Sum("errors"))
        return {skill: Use(calls, errors) for skill, calls, errors in sums}

    def calls(self, wanted: CallFilter, position: Position | None, limit: int, *, newer: bool = False) -> CallPage:
        return orm_reading.calls(wanted, position, limit, newer=newer, expired=_expiry())

    def call(self, skill: str, position: Position) -> InvocationEvent | None:
        row = _unexpired(Invocation.objects.filter(skill=skill, pk=position.id)).first()
        return orm_reading.event_of(row) if row else None

    def prune(self) -> int:
        DayCount.objects.filter(day__lt=today() - timedelta(days=DAYS_KEPT)).delete()
        expired = _expiry()
        if expired is None:
            return 0
        removed = 0
        # In portions, so that the recorder never waits long for its turn.
        while rows := list(
            Invocation.objects.filter(invoked_at__lte=expired).order_by().values_list("pk", flat=True)[:PRUNED_AT_ONCE]
        ):
            removed += Invocation.objects.filter(pk__in=rows).delete()[0]
        return removed

    def counters(self) -> Iterator[Counter]:
        for counter in SkillCounter.objects.order_by("skill").iterator():
            yield _counter(counter)

    def import_counter(self, counter: Counter) -> None:
        with transaction.atomic():
            SkillCounter.objects.bulk_create([SkillCounter(skill=counter.skill)], ignore_conflicts=True)
            present = SkillCounter.objects.select_for_update().get(pk=counter.skill)
            known = _counter(present)
            present.invocation_count = known.own_calls + counter.own_calls
            present.error_count = known.own_errors + counter.own_errors
            present.imported_count, present.imported_errors = counter.own_calls, counter.own_errors
            last = [moment for moment in (known.last_call, counter.last_call) if moment]
            present.last_invoked_at = max(last, default=None)
            present.save()

    def restore_counter(self, counter: Counter) -> None:
        """Set a counter of a database that was lost; one that is there already stays."""
        SkillCounter.objects.get_or_create(
            skill=counter.skill,
            defaults={
                "invocation_count": counter.calls,
                "error_count": counter.errors,
                "last_invoked_at": counter.last_call,
                "imported_count": counter.imported_calls,
                "imported_errors": counter.imported_errors,
            },
        )


def _count(skill: str, events: list[InvocationEvent]) -> None:
    SkillCounter.objects.bulk_create([SkillCounter(skill=skill)], ignore_conflicts=True)
    last = max(event.invoked_at for event in events)
    SkillCounter.objects.filter(pk=skill).update(
        invocation_count=F("invocation_count") + len(events),
        error_count=F("error_count") + sum(event.status == "error" for event in events),
        last_invoked_at=Greatest(Coalesce("last_invoked_at", Value(last)), Value(last)),
    )


def _count_days(by_skill: Mapping[str, Sequence[InvocationEvent]]) -> None:
    """Count events by day, for each skill and for all."""
    added: dict[tuple[str, date], list[bool]] = defaultdict(list)
    for skill, events in by_skill.items():
        for event in events:
            for name in (skill, ALL):
                added[name, event.invoked_at.astimezone(UTC).date()].append(event.status == "error")
    # In one order everywhere; what all writers have in common comes last, so that they wait for it the least.
    days = sorted(added, reverse=True)
    DayCount.objects.bulk_create([DayCount(skill=skill, day=day) for skill, day in days], ignore_conflicts=True)
    for skill, day in days:
        failed = added[skill, day]
        DayCount.objects.filter(skill=skill, day=day).update(
            calls=F("calls") + len(failed), errors=F("errors") + sum(failed)
        )


def _unexpired(rows: QuerySet[Invocation]) -> QuerySet[Invocation]:
    expired = _expiry()
    return rows.filter(invoked_at__gt=expired) if expired else rows


def _expiry() -> datetime | None:
    """Calls up to this moment have expired; None where all are kept."""
    days = settings.INVOCATION_LOG_TTL_DAYS
    return timezone.now() - timedelta(days=days) if days else None


def _counter(counter: SkillCounter) -> Counter:
    return Counter(
        counter.skill,
        counter.invocation_count,
        counter.error_count,
        counter.last_invoked_at,
        counter.imported_count,
        counter.imported_errors,
    )


def _row(event: InvocationEvent) -> Invocation:
    return Invocation(**{name: _value(event, name) for name in _FIELDS})


def _value(event: InvocationEvent, name: str) -> Any:
    """The event's value in the shape of its column: too long a text is cut, NUL (which SQL refuses) replaced."""
    value = getattr(event, name)
    if isinstance(value, str):
        value = value.replace("\0", "\ufffd")[: _LENGTHS.get(name)]
        return value or "-" if name == "skill" else value
    return value
