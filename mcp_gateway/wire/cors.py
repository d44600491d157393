"""CORS headers for browser pages that call the gateway (Fetch, "CORS protocol").

`headers.check_origin` decides which origins are allowed. The gateway uses no cookies, so CORS
credentials are not allowed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, MutableMapping
from typing import Any

from .headers import is_origin_served
from .http import HttpAnswer, Send

_EXPOSED = "Mcp-Session-Id, WWW-Authenticate, Retry-After, X-Request-Id"
_MAX_AGE_SECONDS = 600


def add_cors_headers(headers: Mapping[str, str], send: Send) -> Send:
    """Wrap `send` to add CORS headers if the request comes from an allowed origin."""
    origin = headers.get("origin")
    if origin is None or not is_origin_served(origin):
        return send
    added = {"access-control-allow-origin": origin, "access-control-expose-headers": _EXPOSED, "vary": "Origin"}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in added.items()]

    def send_readable(message: MutableMapping[str, Any]) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *raw]}
        return send(message)

    return send_readable


def answer_preflight(method: str, headers: Mapping[str, str]) -> HttpAnswer | None:
    """Return the response to a preflight request; None for any other request."""
    if method != "OPTIONS" or "origin" not in headers:
        return None
    if "access-control-request-method" not in headers or not is_origin_served(headers["origin"]):
        return None
    allowed = {
        "access-control-allow-methods": "GET, POST, DELETE",  # DELETE lets clients read the 405
        "access-control-allow-headers": headers.get("access-control-request-headers", ""),
        "access-control-max-age": str(_MAX_AGE_SECONDS),
    }
    return HttpAnswer(200, headers={name: value for name, value in allowed.items() if value})
