"""Tool arguments repeated in headers, for proxies that route without reading bodies (`x-mcp-header`). Pure.

Source: 2026-07-28 basic/transports/streamable-http, "Custom Headers from Tool Parameters".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mcp_gateway.wire.jsonrpc import HEADER_MISMATCH, JsonRpcError

from .modern import decode_header

ANNOTATION = "x-mcp-header"
_PREFIX = "mcp-param-"
_TYPES = ("string", "integer", "boolean")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class MirroredArgument:
    """An argument's path in the schema, and the lowercase header that repeats it."""

    path: tuple[str, ...]
    header: str


def mirrored_arguments(schema: Mapping[str, Any]) -> list[MirroredArgument]:
    """Return the arguments marked in an `inputSchema`. Raises ValueError if clients must refuse the schema."""
    found = list(_reachable(schema, ()))
    headers = [one.header for one in found]
    if twice := {header for header in headers if headers.count(header) > 1}:
        raise ValueError(f"{ANNOTATION} names {', '.join(sorted(twice))} twice")
    if len(found) != sum(1 for _ in _annotations(schema)):
        raise ValueError(f"{ANNOTATION} is only for properties reachable from the root through properties alone")
    return found


def check_mirrored_arguments(
    wanted: Sequence[MirroredArgument], arguments: Mapping[str, Any], headers: Mapping[str, str]
) -> None:
    """Check that headers equal the arguments, or both are missing (null counts as missing). Raises JsonRpcError."""
    for one in wanted:
        given, argument = headers.get(one.header), _value(arguments, one.path)
        if given is None and not _is_plain(argument):
            continue
        if given is None:
            raise JsonRpcError(HEADER_MISMATCH, f"The {one.header} header is missing")
        if not _equal(decode_header(given), argument):
            raise JsonRpcError(HEADER_MISMATCH, f"The {one.header} header does not match {'.'.join(one.path)}")


def _reachable(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[MirroredArgument]:
    properties = schema.get("properties")
    for name, about in properties.items() if isinstance(properties, dict) else ():
        if isinstance(about, dict):
            if isinstance(about.get(ANNOTATION), str):
                yield _read(about, (*path, name))
            yield from _reachable(about, (*path, name))


def _read(about: Mapping[str, Any], path: tuple[str, ...]) -> MirroredArgument:
    if not _TOKEN.fullmatch(about[ANNOTATION]):
        raise ValueError(f"{ANNOTATION} {about[ANNOTATION]!r} cannot be part of a header's name")
    if about.get("type") not in _TYPES:
        raise ValueError(f"{ANNOTATION} is only for {', '.join(_TYPES)}, which {'.'.join(path)} is not")
    return MirroredArgument(path, _PREFIX + about[ANNOTATION].lower())


def _annotations(schema: Any) -> Iterator[str]:
    """Yield every annotation, wherever it is."""
    if isinstance(schema, dict):
        if isinstance(schema.get(ANNOTATION), str):
            yield schema[ANNOTATION]
        schema = list(schema.values())
    for part in schema if isinstance(schema, list) else ():
        yield from _annotations(part)


def _value(arguments: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(arguments, dict):
            return None
        arguments = arguments.get(name)
    return arguments


def _is_plain(value: Any) -> bool:
    """Return whether a header can repeat the value."""
    return isinstance(value, str | int | float)


def _equal(header: str | None, argument: Any) -> bool:
    """Compare a header with an argument; numbers are compared by value (2026-07-28: "Server Validation")."""
    if header is None or not _is_plain(argument):
        return False
    if isinstance(argument, str):
        return header == argument
    if isinstance(argument, bool):
        return header == ("true" if argument else "false")
    return _NUMBER.fullmatch(header) is not None and Decimal(header) == argument
