"""Limit on concurrent Django requests: each takes a thread, and they would pile up while a dependency hangs."""

from __future__ import annotations

import json

from django.conf import settings

from .request_id import AsgiApp, Receive, Scope, Send

RETRY_SECONDS = 1
HEALTH_CHECKS = ("/healthz", "/readyz")
"""Health checks are answered even at the limit."""


class CrowdingMiddleware:
    """ASGI middleware: 503 while PAGES_AT_ONCE requests are in progress."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in HEALTH_CHECKS:
            await self.app(scope, receive, send)
            return
        if self._active >= settings.PAGES_AT_ONCE:
            await _refuse(send)
            return
        self._active += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._active -= 1


async def _refuse(send: Send) -> None:
    body = json.dumps({"detail": "The server is overloaded; try again."}).encode()
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"%d" % RETRY_SECONDS)]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
