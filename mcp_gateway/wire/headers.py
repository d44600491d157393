"""What the HTTP headers of a request to the gateway must be before its body is looked at. Pure but for settings."""

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
"""Values of a header that are judged once; few, because anybody may send others, and long ones."""


class BadHeader(Exception):
    """A request refused for its headers or method, with the HTTP status to say so."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Headers by lowercase name, white space around values removed (RFC 9110, 5.5), which not every server does.

    Repeated headers are joined by commas (RFC 9110, 5.3). So an `Mcp-*` header that is given twice
    equals nothing in the body and is refused, and no two readers can believe two different copies.
    """
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")) for name, value in raw]
    headers = dict(pairs)
    return headers if len(headers) == len(pairs) else _joined(pairs)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        values[name].append(value)
    return {name: ", ".join(given) for name, given in values.items()}


def check_listening(headers: Mapping[str, str]) -> None:
    """A GET opens a stream of events, and nothing else, so it must name these (2025-11-25: basic/transports)."""
    accept = headers.get("accept", "")
    if EVENTS not in accept.lower() or not _accepts(accept, EVENTS):
        raise BadHeader(406, "A GET opens a stream: Accept must include text/event-stream")


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse other hosts and other sites' pages (2026-07-28: transports, "Security Warning"; DNS rebinding)."""
    if not _is_served(headers.get("host", "")):
        raise BadHeader(403, "This host name is not served here; see ALLOWED_HOSTS and PUBLIC_URL")
    origin = headers.get("origin")
    if origin is not None and not is_origin_served(origin):
        raise BadHeader(403, "Requests from this origin are not allowed")


def is_origin_served(origin: str) -> bool:
    """Whether pages of this origin may call the gateway."""
    return _is_served(_host_of(origin))


def check_body_format(headers: Mapping[str, str]) -> None:
    """Bodies are JSON in UTF-8, and not compressed (RFC 9110, 15.5.16)."""
    if headers.get("content-encoding", "").lower() not in ("", "identity"):
        raise BadHeader(
            415, "The body must not be compressed: send it without Content-Encoding", accept_encoding="identity"
        )
    media_type, charset = _content_type(headers.get("content-type", ""))
    if media_type != JSON:
        raise BadHeader(415, "Content-Type must be application/json", accept=JSON)
    if charset not in _UTF_8:
        raise BadHeader(415, "The body must be in UTF-8, as all JSON", accept=JSON)


def check_accept(headers: Mapping[str, str]) -> None:
    """Answers are JSON; a request that says nothing takes what comes."""
    accept = headers.get("accept", "")
    if accept and not _accepts(accept, JSON):
        raise BadHeader(406, "Accept must include application/json")


def accepts_events(headers: Mapping[str, str]) -> bool:
    """Whether an answer may be a stream of events."""
    accept = headers.get("accept", "")
    return not accept or _accepts(accept, EVENTS)


@lru_cache(_CACHED_VALUES)
def _accepts(accept: str, media_type: str) -> bool:
    """Whether the most specific range that matches has a weight above 0 (RFC 9110, 12.5.1)."""
    try:
        ranges = [MediaType(part) for part in accept.lower().split(",")]
    except ValueError:
        return False
    matching = [(one.specificity, one.quality) for one in ranges if one.match(media_type)]
    return bool(matching) and max(matching)[1] > 0


@lru_cache(_CACHED_VALUES)
def _content_type(value: str) -> tuple[str, str]:
    """Media type and charset, in lower case; UTF-8 where none is given. Both "" where it cannot be read."""
    try:
        media_type, parameters = parse_header_parameters(value.lower())
    except ValueError:
        return "", ""
    return media_type.strip(), parameters.get("charset", "utf-8")


def _host_of(origin: str) -> str:
    """Host and port of an origin; "" where it has none, as the opaque origin `null`."""
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
