"""Fetches an issuer's JSON documents over HTTPS, with limits on time and size, and without redirects."""

from __future__ import annotations

import json
import time
import urllib.request
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

SECONDS = 5.0
BYTES_MAX = 512 * 1024


class FetchFailed(Exception):
    """A document could not be fetched, or is not a JSON object."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Refuse redirects, which could make this server request any address (SSRF)."""


_opener = urllib.request.build_opener(_NoRedirects)


def is_trustworthy(url: str) -> bool:
    """Return whether a URL is https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))
    except ValueError:
        return False


def fetch_object(url: str) -> dict[str, Any]:
    """Fetch a JSON object. Blocks for about SECONDS at most. Raises FetchFailed."""
    if not is_trustworthy(url):
        raise FetchFailed(f"{url} is not https")
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310  # checked above
    try:
        with _opener.open(request, timeout=SECONDS) as response:
            found = json.loads(_read(response))
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise FetchFailed(f"{url}: {error}") from None
    if not isinstance(found, dict):
        raise FetchFailed(f"{url} is not a JSON object")
    return found


def _read(response: Any) -> bytes:
    """Read the body. Raises ValueError if it is too large or too slow."""
    deadline, body = time.monotonic() + SECONDS, bytearray()
    while chunk := response.read1(16 * 1024):
        body += chunk
        if len(body) > BYTES_MAX:
            raise ValueError(f"more than {BYTES_MAX:,} bytes")
        if time.monotonic() > deadline:
            raise ValueError(f"not complete after {SECONDS:g} s")
    return bytes(body)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
