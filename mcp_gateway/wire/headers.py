"""Checks the HTTP headers of a request before its body is read. Pure, except for settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from django.http.request import MediaType, split_domain_port, validate_host
from django.utils.http import parse_header_parameters

from mcp_gateway.cached_settings import settings

JSON, EVENTS = "application/json", "text/event-stream"
_UTF_8 = ("utf-8", "utf8")
_CACHED_VALUES = 64
"""How many values per check are cached; few, because clients can send many long ones."""


class BadHeader(Exception):
    """A request refused for its headers or method, with an HTTP status."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Return headers by lowercase name, with whitespace around values removed (RFC 9110, 5.5).

    Repeated headers are joined by commas (RFC 9110, 5.3). A duplicate `Mcp-*` header thus never equals
    the value in the body and is refused, so that no proxy can act on a different copy.
    """
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")) for name, value in raw]
    headers = dict(pairs)
    return headers if len(headers) == len(pairs) else _join_repeated(pairs)


def _join_repeated(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        values[name].append(value)
    return {name: ", ".join(given) for name, given in values.items()}


def check_listening(headers: Mapping[str, str]) -> None:
    """Check that a GET explicitly accepts an event stream (2025-11-25: basic/transports). Raises BadHeader."""
    accept = headers.get("accept", "")
    if EVENTS not in accept.lower() or not _accepts(accept, EVENTS):
        raise BadHeader(406, "A GET opens a stream: Accept must include text/event-stream")


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse unknown hosts and origins (2026-07-28: transports, "Security Warning"; DNS rebinding)."""
    if not _is_served(headers.get("host", "")):
        raise BadHeader(403, "This host name is not allowed; see ALLOWED_HOSTS and PUBLIC_URL")
    origin = headers.get("origin")
    if origin is not None and not is_origin_served(origin):
        raise BadHeader(403, "Requests from this origin are not allowed")


def is_origin_served(origin: str) -> bool:
    """Return whether pages of this origin may call the gateway."""
    return _is_served(_host_of(origin))


def check_body_format(headers: Mapping[str, str]) -> None:
    """Refuse bodies that are not JSON in UTF-8, or are compressed (RFC 9110, 15.5.16)."""
    if headers.get("content-encoding", "").lower() not in ("", "identity"):
        raise BadHeader(
            415, "The body must not be compressed: send it without Content-Encoding", accept_encoding="identity"
        )
    media_type, charset = _content_type(headers.get("content-type", ""))
    if media_type != JSON:
        raise BadHeader(415, "Content-Type must be application/json", accept=JSON)
    if charset not in _UTF_8:
        raise BadHeader(415, "The body must be encoded in UTF-8", accept=JSON)


def check_accept(headers: Mapping[str, str]) -> None:
    """Refuse clients that don't accept JSON. Without an Accept header, everything is accepted."""
    accept = headers.get("accept", "")
    if accept and not _accepts(accept, JSON):
        raise BadHeader(406, "Accept must include application/json")


def accepts_events(headers: Mapping[str, str]) -> bool:
    """Return whether the client accepts an event stream."""
    accept = headers.get("accept", "")
    return not accept or _accepts(accept, EVENTS)


@lru_cache(_CACHED_VALUES)
def _accepts(accept: str, media_type: str) -> bool:
    """Return whether the most specific matching range has a weight above 0 (RFC 9110, 12.5.1)."""
    try:
        ranges = [MediaType(part) for part in accept.lower().split(",")]
    except ValueError:
        return False
    matching = [(one.specificity, one.quality) for one in ranges if one.match(media_type)]
    return bool(matching) and max(matching)[1] > 0


@lru_cache(_CACHED_VALUES)
def _content_type(value: str) -> tuple[str, str]:
    """Return media type and charset (UTF-8 by default) in lower case; both "" if malformed."""
    try:
        media_type, parameters = parse_header_parameters(value.lower())
    except ValueError:
        return "", ""
    return media_type.strip(), parameters.get("charset", "utf-8")


def _host_of(origin: str) -> str:
    """Return host and port of an origin; "" if it has none, like the opaque origin `null`."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_served(host: str) -> bool:
    return _is_allowed_host(host, tuple(settings.ALLOWED_HOSTS))


@lru_cache(_CACHED_VALUES)
def _is_allowed_host(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)
