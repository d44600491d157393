"""The SQL store: rows and counters change in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from invocations.events import InvocationEvent
from invocations.models import DayCount, Invocation, SkillCounter
from invocations.resilience.sql_connections import release_connections
from invocations.usage import Summary, Use, days_between, today

from . import orm_hours, orm_reading, orm_writing
from .base import ALL, DAYS_KEPT, CallFilter, CallPage, Counter, HourCounts, Position, Totals

PRUNED_AT_ONCE = 10_000


class OrmStore:
    """See `InvocationStore`."""

    counts_hours = True

    def write_batch(self, events: Sequence[InvocationEvent]) -> None:
        try:
            orm_writing.write_batch(events)
        finally:
            release_connections()

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
        # Listing every day lets the index find each (day, skill) pair directly.
        counts = DayCount.objects.filter(day__in=days_between(since, until), skill__in=found)
        for skill, day, calls, errors in counts.values_list("skill", "day", "calls", "errors"):
            found[skill][day] = Use(calls, errors)
        return found

    def hours(self, skill: str, since: datetime, count: int) -> HourCounts | None:
        return orm_hours.hours(skill, since, count)

    def called_since(self, day: date) -> set[str]:
        # From the last call in the counters: summing the daily counts is ten times slower.
        called = SkillCounter.objects.filter(last_invoked_at__gte=datetime.combine(day, time(), UTC))
        return set(called.values_list("skill", flat=True))

    def uses(self, since: date, until: date) -> dict[str, Use]:
        counts = DayCount.objects.filter(day__range=(since, until)).exclude(skill=ALL)
        sums = counts.values_list("skill").annotate(Sum("calls"), Sum("errors"))
        return {skill: Use(calls, errors) for skill, calls, errors in sums}

    def calls(self, wanted: CallFilter, position: Position | None, limit: int, *, newer: bool = False) -> CallPage:
        return orm_reading.calls(wanted, position, limit, newer=newer, expired=_expiry())

    def summary(self, wanted: CallFilter, limit: int) -> Summary | None:
        return orm_reading.summary(wanted, limit, expired=_expiry())

    def call(self, skill: str, position: Position) -> InvocationEvent | None:
        rows = _unexpired(Invocation.objects.filter(skill=skill, pk=position.id))
        return next(iter(orm_reading.events(rows)), None)

    def prune(self) -> int:
        DayCount.objects.filter(day__lt=today() - timedelta(days=DAYS_KEPT)).delete()
        expired = _expiry()
        if expired is None:
            return 0
        removed = 0
        # In portions, so that the recorder never waits long for the lock.
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
        """Restore a counter after a database loss; an existing one is kept."""
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


def _unexpired(rows: QuerySet[Invocation]) -> QuerySet[Invocation]:
    expired = _expiry()
    return rows.filter(invoked_at__gt=expired) if expired else rows


def _expiry() -> datetime | None:
    """Return the time up to which calls have expired; None if all are kept."""
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
