"""Batch writes to SQL: rows, daily counts and counters in one transaction.

Hand-written SQL, the same for SQLite and PostgreSQL: this runs for every call, and through models
it is twenty times slower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, models, transaction

from invocations.events import InvocationEvent
from invocations.models import DayCount, Invocation, SkillCounter

from .base import ALL

_FIELDS = [field.name for field in fields(InvocationEvent)]
_TEXTS = [
    (place, field.max_length)
    for place, field in enumerate(map(Invocation._meta.get_field, _FIELDS))
    if isinstance(field, models.CharField | models.TextField)
]
_SKILL, _AT, _ID = (_FIELDS.index(name) for name in ("skill", "invoked_at", "id"))
_values = attrgetter(*_FIELDS)

_Called = tuple[str, date, bool]
"""A skill's stored name, a UTC day, and whether the call failed."""


def write_batch(events: Sequence[InvocationEvent]) -> None:
    """See `InvocationStore`. An existing row has been counted, because both are written together: it is skipped.

    So a batch with an unknown outcome can be repeated without counting twice.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                names = _insert(events)
        except IntegrityError:  # rare, so it is not checked beforehand
            known = set(Invocation.objects.filter(pk__in=[event.id for event in events]).values_list("pk", flat=True))
            events = [event for event in events if event.id not in known]
            names = _insert(events)
        called: Counter[_Called] = Counter()
        last: dict[str, datetime] = {}
        for skill, event in zip(names, events, strict=True):
            at = event.invoked_at
            called[skill, at.astimezone(UTC).date(), event.status == "error"] += 1
            last[skill] = max(last.get(skill, at), at)
        _count_skills(called, last)
        _count_days(called)


def _insert(events: Sequence[InvocationEvent]) -> Sequence[str]:
    """Insert rows and return the skills' stored names. Raises IntegrityError if a row exists."""
    if not events:
        return []
    database = connections[DEFAULT_DB_ALIAS]  # once: `connection` is looked up at every use
    columns: list[Sequence[Any]] = list(zip(*map(_values, events), strict=True))
    for place, length in _TEXTS:
        columns[place] = _clean_texts(columns[place], length)
    columns[_SKILL] = [name or "-" for name in columns[_SKILL]]
    columns[_AT] = list(map(database.ops.adapt_datetimefield_value, columns[_AT]))
    if not database.features.has_native_uuid_field:
        columns[_ID] = [one.hex for one in columns[_ID]]
    marks = ", ".join(["%s"] * len(_FIELDS))
    _execute(
        f"INSERT INTO {_table(Invocation)} ({_columns(_FIELDS)}) VALUES ({marks})",  # noqa: S608  # constant names
        list(zip(*columns, strict=True)),
    )
    return columns[_SKILL]


def _clean_texts(texts: Sequence[str], length: int | None) -> Sequence[str]:
    """Replace NUL, which SQL rejects, and cut overlong texts. The fast path returns the column unchanged."""
    if "\0" not in "".join(texts) and (length is None or max(map(len, texts)) <= length):
        return texts
    return [text.replace("\0", "\ufffd")[:length] for text in texts]


def _count_skills(called: Counter[_Called], last: Mapping[str, datetime]) -> None:
    calls, errors = Counter[str](), Counter[str]()
    for (skill, _, failed), count in called.items():
        calls[skill] += count
        errors[skill] += failed * count
    moment = connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value
    table, at = _table(SkillCounter), "last_invoked_at"
    _upsert_counts(
        # Always sorted, so that two writers cannot deadlock.
        [(skill, calls[skill], errors[skill], moment(last[skill])) for skill in sorted(calls)],
        table,
        {"skill": "%s", "invocation_count": "%s", "error_count": "%s", at: "%s", "imported_count": "0",
         "imported_errors": "0"},
        keys=["skill"],
        added=["invocation_count", "error_count"],
        changes=[f"{at} = CASE WHEN {table}.{at} > excluded.{at} THEN {table}.{at} ELSE excluded.{at} END"],
    )  # fmt: skip


def _count_days(called: Counter[_Called]) -> None:
    """Add to the daily counts of each skill and of all skills."""
    calls, errors = Counter[tuple[str, date]](), Counter[tuple[str, date]]()
    for (skill, day, failed), count in called.items():
        for name in (skill, ALL):
            calls[name, day] += count
            errors[name, day] += failed * count
    moment = connections[DEFAULT_DB_ALIAS].ops.adapt_datefield_value
    _upsert_counts(
        # The rows that all writers share come last, to hold their locks for the shortest time.
        [(key[0], moment(key[1]), calls[key], errors[key]) for key in sorted(calls, reverse=True)],
        _table(DayCount),
        {"skill": "%s", "day": "%s", "calls": "%s", "errors": "%s"},
        keys=["day", "skill"],
        added=["calls", "errors"],
    )


def _upsert_counts(
    rows: Sequence[tuple[Any, ...]],
    table: str,
    begun: Mapping[str, str],
    *,
    keys: Iterable[str],
    added: Iterable[str],
    changes: Iterable[str] = (),
) -> None:
    """Add to counters, creating missing ones."""
    changes = [*(f"{name} = {table}.{name} + excluded.{name}" for name in added), *changes]
    _execute(
        f"INSERT INTO {table} ({_columns(begun)}) VALUES ({', '.join(begun.values())})"  # noqa: S608  # constant names
        f" ON CONFLICT ({_columns(keys)}) DO UPDATE SET {', '.join(changes)}",
        rows,
    )


def _execute(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.executemany(statement, rows)


def _table(model: type[models.Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(model._meta.db_table)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(map(connections[DEFAULT_DB_ALIAS].ops.quote_name, names))
