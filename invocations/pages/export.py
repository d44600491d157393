"""The log as a file, made a page at a time while it is sent: what is in memory does not grow with the log.

Pages are read and written as text in the request's own thread, so that the event loop is free meanwhile.
"""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import StringIO
from operator import attrgetter
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import StreamingHttpResponse
from django.utils import timezone

from invocations import queries
from invocations.events import InvocationEvent
from invocations.queries import CallFilter, CallPage, Position
from invocations.resilience.sql_connections import release_connections

AT_ONCE = 1_000
"""Calls in a page."""
COLUMNS = [
    "invoked_at", "skill", "version", "method", "status", "duration_ms", "error_message", "client", "caller",
    "session_id", "protocol_version", "trace_id", "request_params", "id",
]  # fmt: skip
_values = attrgetter(*COLUMNS)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  # as some programs take them
"""A text that begins so is run by programs that open tables."""


@dataclass(frozen=True)
class Format:
    """How calls are written: `begin` comes before the first."""

    content_type: str
    begin: bytes
    write: Callable[[Sequence[InvocationEvent]], bytes]


def download(kind: str, wanted: CallFilter, allowed: Callable[[], bool]) -> StreamingHttpResponse:
    """The wanted calls up to now, the newest first, as a file to keep. `kind` is one of FORMATS.

    `allowed` says before each further page whether the reader still may see the log. Raises OSError or DatabaseError
    where the store is away. If it goes away later, or the reader loses the right, the file breaks off.
    """
    wanted = replace(wanted, until=wanted.until or timezone.now())
    made = FORMATS[kind]
    response = StreamingHttpResponse(
        _stream(made, wanted, _read(wanted, None), allowed), content_type=made.content_type
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(wanted)}.{kind}"'
    return response


async def _stream(
    made: Format, wanted: CallFilter, page: CallPage, allowed: Callable[[], bool]
) -> AsyncIterator[bytes]:
    @sync_to_async
    def following(position: Position) -> tuple[CallPage, bytes]:
        if not allowed():
            raise PermissionDenied("the reader of the log lost the right to it")
        page = _read(wanted, position)
        release_connections()  # whoever reads slowly must not keep one from others
        return page, made.write(page.calls)

    yield made.begin + made.write(page.calls)
    while page.next:
        page, text = await following(page.next)
        yield text


def _read(wanted: CallFilter, before: Position | None) -> CallPage:
    return queries.calls(wanted, before=before, limit=AT_ONCE)


def _file_name(wanted: CallFilter) -> str:
    return "-".join(["calls", *(f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for at in (wanted.since, wanted.until) if at)])


def _as_csv(calls: Sequence[InvocationEvent]) -> bytes:
    text = StringIO()
    csv.writer(text).writerows([_cell(value) for value in _values(call)] for call in calls)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    return value


def _as_json_lines(calls: Sequence[InvocationEvent]) -> bytes:
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    return b"".join(orjson.dumps(dict(zip(COLUMNS, _values(call), strict=True)), option=options) for call in calls)


FORMATS: Mapping[str, Format] = {
    # The mark at the beginning tells programs that open tables that this is UTF-8.
    "csv": Format("text/csv; charset=utf-8", ("\ufeff" + ",".join(COLUMNS) + "\r\n").encode(), _as_csv),
    "jsonl": Format("application/x-ndjson", b"", _as_json_lines),
}
