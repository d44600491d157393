"""Enforces https like Django's SecurityMiddleware, which requests to `/mcp` bypass."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, MutableMapping
from typing import Any

from mcp_gateway.cached_settings import settings

from .headers import BadHeader
from .http import Scope, Send


def is_secure(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Return whether the client used https, according to the connection or a trusted proxy's header."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        forwarded = headers.get(name.removeprefix("HTTP_").replace("_", "-").lower())
        if forwarded is not None:
            return forwarded.split(",", 1)[0].strip() == secure
    return bool(scope.get("scheme") == "https")


def check_transport(scope: Scope, headers: Mapping[str, str]) -> None:
    """Refuse plain http, which would expose tokens. Raises BadHeader.

    Does not redirect: the client would expose the token each time, and lose the body of its POST.
    """
    if settings.SECURE_SSL_REDIRECT and not is_secure(scope, headers):
        raise BadHeader(403, f"Only https is served here: use {settings.PUBLIC_URL}{scope['path']}")


def add_hsts_header(scope: Scope, headers: Mapping[str, str], send: Send) -> Send:
    """Wrap `send` to add `Strict-Transport-Security` to https responses, if configured."""
    if not settings.SECURE_HSTS_SECONDS or not is_secure(scope, headers):
        return send
    directives = [
        f"max-age={settings.SECURE_HSTS_SECONDS}",
        *(["includeSubDomains"] if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else []),
        *(["preload"] if settings.SECURE_HSTS_PRELOAD else []),
    ]
    header = (b"strict-transport-security", "; ".join(directives).encode())

    def send_with_header(message: MutableMapping[str, Any]) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], header]}
        return send(message)

    return send_with_header
