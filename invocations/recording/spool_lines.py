"""The format of a spool file: the first line names the fields, each further line has one call's values. Pure.

So any release can read the files of older and newer ones: unknown fields are ignored, and missing
fields get their defaults. Files without a header line have FIRST_FIELDS.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from math import isfinite
from operator import attrgetter
from typing import Any, BinaryIO

import orjson

from invocations.events import InvocationEvent

LINE_MAX = 512 * 1024
"""Maximum bytes per line; the longest real ones have a few thousand."""
FIRST_FIELDS = (
    "skill", "method", "status", "invoked_at", "duration_ms", "version", "error_message", "request_params",
    "session_id", "client", "caller", "protocol_version", "trace_id", "id",
)  # fmt: skip
_FIELDS = [one.name for one in fields(InvocationEvent)]
_values = attrgetter(*_FIELDS)
HEADER = orjson.dumps(_FIELDS, option=orjson.OPT_APPEND_NEWLINE)
_VERSION_MAX = 2**31 - 1
_YEARS = range(1970, 9000)
"""Years that every store can hold, with room to add days."""


class NotAnEvent(ValueError):
    """A line does not hold a call; the message says why."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is not a call, cut at LINE_MAX, and the reason."""

    line: bytes
    reason: str


@dataclass(slots=True)
class Decoded:
    """The content of a spool file."""

    events: list[InvocationEvent] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def encode(event: InvocationEvent) -> bytes:
    """Encode a call as a line. Raises TypeError for values that JSON cannot represent."""
    return orjson.dumps(_values(event), option=orjson.OPT_APPEND_NEWLINE)


def encode_file(events: Iterable[InvocationEvent]) -> bytes:
    """Encode calls as a file with header."""
    return HEADER + b"".join(map(encode, events))


def decode_file(file: BinaryIO) -> Decoded:
    """Decode a file, ignoring zeros around lines (unused space). Raises only OSError."""
    found = Decoded()
    names: Sequence[str] | None = None
    for line in _lines(file):
        if names is None:
            header = _header(line)
            names = header or FIRST_FIELDS
            if header:
                continue
        try:
            found.events.append(_event(line, names))
        except NotAnEvent as error:
            found.rejected.append(Rejected(line[:LINE_MAX], str(error)))
    return found


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield each non-empty line without its line end; cut overlong lines slightly above LINE_MAX bytes."""
    while line := file.readline(LINE_MAX + 1):
        while _is_cut(line) and line.startswith(b"\0"):
            line = line.lstrip(b"\0")
            line += file.readline(LINE_MAX + 1 - len(line))
        if text := line.strip(b"\0\r\n"):
            yield text
        while _is_cut(line):
            line = file.readline(LINE_MAX + 1)


def _is_cut(line: bytes) -> bool:
    return len(line) > LINE_MAX and not line.endswith(b"\n")


def _header(text: bytes) -> list[str] | None:
    """Return the field names of a header line; None if the line is something else."""
    try:
        names = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if isinstance(names, list) and all(isinstance(name, str) for name in names) and {"skill", "id"} <= set(names):
        return names
    return None


def _event(text: bytes, names: Sequence[str]) -> InvocationEvent:
    if len(text) > LINE_MAX:
        raise NotAnEvent(f"longer than {LINE_MAX} bytes; truncated here")
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotAnEvent(f"not JSON: {error}") from None
    if not isinstance(values, list) or len(values) != len(names):
        raise NotAnEvent(f"not a list of {len(names)} values")
    given = {name: value for name, value in zip(names, values, strict=True) if name in _CHECKS}
    for name, value in given.items():
        given[name] = _checked(name, value)
    try:
        return InvocationEvent(**given)
    except TypeError as error:  # a field that has no default is missing
        raise NotAnEvent(str(error)) from None


def _checked(name: str, value: Any) -> Any:
    try:
        return _CHECKS[name](value)
    except (ValueError, TypeError, OverflowError) as error:
        raise NotAnEvent(f"{name}: {error}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _status(value: Any) -> str:
    if value not in ("success", "error"):
        raise ValueError("neither success nor error")
    return _text(value)


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    moment = moment.astimezone(UTC)
    if moment.year not in _YEARS:
        raise ValueError("a time out of range")
    return moment


def _duration(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("not a number")
    return float(value)


def _version(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _VERSION_MAX:
        raise ValueError("not a version number")
    return value


def _id(value: Any) -> uuid.UUID:
    return uuid.UUID(_text(value))


_CHECKS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_FIELDS, _text),
    "status": _status,
    "invoked_at": _moment,
    "duration_ms": _duration,
    "version": _version,
    "id": _id,
}
