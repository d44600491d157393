"""Log export, streamed page by page so that memory use does not grow with the log.

Pages are read and encoded in the request's thread, so that the event loop is not blocked.
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
"""Calls per page."""
COLUMNS = [
    "invoked_at", "skill", "version", "method", "status", "duration_ms", "error_message", "client", "caller",
    "session_id", "protocol_version", "trace_id", "request_params", "id",
]  # fmt: skip
_values = attrgetter(*COLUMNS)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  # full-width variants that some programs accept
"""Spreadsheet programs evaluate a text that starts with one of these as a formula."""


@dataclass(frozen=True)
class Format:
    """How calls are encoded; `begin` is written before the first."""

    content_type: str
    begin: bytes
    write: Callable[[Sequence[InvocationEvent]], bytes]


def download(kind: str, wanted: CallFilter, allowed: Callable[[], bool]) -> StreamingHttpResponse:
    """Stream the matching calls up to now, newest first, as an attachment. `kind` is a key of FORMATS.

    `allowed` is asked before each further page. Raises OSError or DatabaseError if the store is
    unavailable. If that happens later, or the reader loses the permission, the file is cut off.
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
            raise PermissionDenied("the reader lost the permission to view the log")
        page = _read(wanted, position)
        release_connections()  # a slow reader must not hold one
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
    # The byte order mark tells spreadsheet programs that this is UTF-8.
    "csv": Format("text/csv; charset=utf-8", ("\ufeff" + ",".join(COLUMNS) + "\r\n").encode(), _as_csv),
    "jsonl": Format("application/x-ndjson", b"", _as_json_lines),
}
