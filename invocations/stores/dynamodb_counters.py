"""The counters in `mcp-skills`: reading them, and importing them from another store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pynamodb.exceptions import DoesNotExist, UpdateError
from pynamodb.expressions.update import Action

from invocations.resilience.unavailable import StoreUnavailable

from .base import Counter, Totals
from .dynamodb_keys import format_time, parse_time
from .tables import CounterItem

TRIES = 30
_ATTRIBUTES = [
    "skill_id",
    "invocation_count",
    "error_count",
    "last_invoked_at",
    "imported_count",
    "imported_errors",
]


def totals(skills: Iterable[str]) -> dict[str, Totals]:
    """See `InvocationStore`."""
    names = list(dict.fromkeys(skills))
    found = {item.skill_id: _counter(item) for item in CounterItem.batch_get(names, attributes_to_get=_ATTRIBUTES)}
    return {
        name: Totals(counter.calls, counter.errors, counter.last_call) if (counter := found.get(name)) else Totals()
        for name in names
    }


def counters() -> Iterator[Counter]:
    """See `InvocationStore`."""
    counted = CounterItem.invocation_count.exists()
    for item in CounterItem.scan(counted, attributes_to_get=_ATTRIBUTES, consistent_read=True):
        yield _counter(item)


def import_counter(counter: Counter) -> None:
    """See `InvocationStore`."""
    for _ in range(TRIES):
        try:
            known = _counter(CounterItem.get(counter.skill, consistent_read=True, attributes_to_get=_ATTRIBUTES))
        except DoesNotExist:
            known = Counter(counter.skill, 0, 0, None)
        if _try_import(known, counter):
            return
    raise StoreUnavailable(f"the counter of {counter.skill} changed concurrently {TRIES} times")


def _try_import(known: Counter, counter: Counter) -> bool:
    """Replace the imported part of the totals; return False after a concurrent change."""
    actions: list[Action] = [
        CounterItem.invocation_count.add(counter.own_calls - known.imported_calls),
        CounterItem.error_count.add(counter.own_errors - known.imported_errors),
        CounterItem.imported_count.set(counter.own_calls),
        CounterItem.imported_errors.set(counter.own_errors),
    ]
    as_known = CounterItem.imported_count == known.imported_calls
    if not known.imported_calls:
        as_known |= CounterItem.imported_count.does_not_exist()
    if counter.last_call and (known.last_call is None or known.last_call < counter.last_call):
        actions.append(CounterItem.last_invoked_at.set(format_time(counter.last_call)))
        before = CounterItem.last_invoked_at
        as_known &= before == format_time(known.last_call) if known.last_call else before.does_not_exist()
    try:
        CounterItem(counter.skill).update(actions=actions, condition=as_known)
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def _counter(item: CounterItem) -> Counter:
    return Counter(
        item.skill_id,
        int(item.invocation_count or 0),
        int(item.error_count or 0),
        parse_time(item.last_invoked_at) if item.last_invoked_at else None,
        int(item.imported_count or 0),
        int(item.imported_errors or 0),
    )
