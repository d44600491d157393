"""JSON documents of an issuer, over HTTPS: small, in time, from where they are said to be."""

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


class NotFetched(Exception):
    """A document that could not be got, or is none."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow nothing: whoever answers at the address could otherwise send this server anywhere."""


_opener = urllib.request.build_opener(_NoRedirects)


def is_trustworthy(url: str) -> bool:
    """Whether what is at an address can be believed: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))
    except ValueError:
        return False


def fetch_object(url: str) -> dict[str, Any]:
    """The JSON object at an address. Blocks for a few seconds at most. Raises NotFetched."""
    if not is_trustworthy(url):
        raise NotFetched(f"{url} is not https")
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310  # checked above
    try:
        with _opener.open(request, timeout=SECONDS) as response:
            found = json.loads(_read(response))
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise NotFetched(f"{url}: {error}") from None
    if not isinstance(found, dict):
        raise NotFetched(f"{url} is not a JSON object")
    return found


def _read(response: Any) -> bytes:
    """The body. Raises ValueError where it is too large or comes too slowly."""
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
