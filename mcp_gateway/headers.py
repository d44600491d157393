"""What the HTTP headers of a request to the gateway must be before its body is looked at. Pure but for settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from .jsonrpc import HEADER_MISMATCH, INVALID_REQUEST

_JSON_ACCEPTS = {"application/json", "application/*", "*/*"}


class BadHeader(Exception):
    """A request refused for its headers or method, with the HTTP status and JSON-RPC code to say so."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Headers by lowercase name, white space around values removed (RFC 9110, 5.5), which not every server does.

    A repeated `Mcp-*` header is refused: two readers could believe two different copies.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name = raw_name.decode("latin-1").lower()
        if name in headers and name.startswith("mcp-"):
            raise BadHeader(400, HEADER_MISMATCH, f"The {name} header is given twice")
        headers[name] = raw_value.decode("latin-1").strip(" \t")
    return headers


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse other hosts and other sites' pages (2026-07-28: transports, "Security Warning"; DNS rebinding)."""
    host, _ = split_domain_port(headers.get("host", ""))
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise BadHeader(403, INVALID_REQUEST, "This host name is not served here; see ALLOWED_HOSTS and PUBLIC_URL")
    origin = headers.get("origin")
    if origin is None:
        return
    host, _ = split_domain_port(urlsplit(origin).netloc) if "://" in origin else ("", "")
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise BadHeader(403, INVALID_REQUEST, "Requests from this origin are not allowed")


def check_content_type(headers: Mapping[str, str]) -> None:
    """Bodies are JSON."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadHeader(415, INVALID_REQUEST, "Content-Type must be application/json")


def check_accept(headers: Mapping[str, str]) -> None:
    """Answers are JSON; a request that says nothing takes what comes."""
    accept = headers.get("accept", "")
    accepted = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    if accept and not accepted & _JSON_ACCEPTS:
        raise BadHeader(406, INVALID_REQUEST, "Accept must include application/json")
