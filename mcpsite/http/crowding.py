"""No more pages are made at once than may be: each takes a thread, and while a server hangs they would pile up."""

from __future__ import annotations

import json

from django.conf import settings

from .request_id import AsgiApp, Receive, Scope, Send

RETRY_SECONDS = 1
ALWAYS = ("/healthz", "/readyz")
"""Whoever watches this process is answered also when it is full."""


class CrowdingMiddleware:
    """ASGI: answers 503 where PAGES_AT_ONCE requests are under way."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in ALWAYS:
            await self.app(scope, receive, send)
            return
        if self._under_way >= settings.PAGES_AT_ONCE:
            await _refuse(send)
            return
        self._under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._under_way -= 1


async def _refuse(send: Send) -> None:
    body = json.dumps({"detail": "This server has too much to do at the moment; try again."}).encode()
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"%d" % RETRY_SECONDS)]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
