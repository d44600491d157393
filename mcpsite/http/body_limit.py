"""Limit on request bodies: Django alone would write a body of any size to disk first.

Compressed bodies are rejected with 415; nothing here decompresses them, and they would be reported as invalid.
"""

from __future__ import annotations

import json
import logging
from collections.abc import MutableMapping
from typing import Any

from django.conf import settings

from invocations.resilience.disk_errors import is_full

from .privacy import PRIVATE
from .request_id import AsgiApp, Receive, Scope, Send

log = logging.getLogger(__name__)

FULL = "The server's disk is full. Nothing was changed."
UNWRITABLE = "The server cannot put the request aside on its disk, and nothing was changed."
LENGTH_DIGITS_MAX = 18
"""Python refuses to parse numbers of thousands of digits."""


class BodyLimitMiddleware:
    """ASGI middleware: 413 by Content-Length or once too much has arrived; 415 for compressed bodies."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit: int = settings.MAX_REQUEST_BYTES
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        digits = announced.lstrip(b"0") or b"0"
        if not digits.isdigit() or len(digits) > LENGTH_DIGITS_MAX or int(digits) > limit:
            await _refuse_size(send, limit)
            return
        if headers.get(b"content-encoding", b"").lower() not in (b"", b"identity"):
            detail = "The body must not be compressed: send it without Content-Encoding."
            await _refuse(send, 415, detail, (b"accept-encoding", b"identity"))
            return
        received, answering = 0, False

        async def receive_counted() -> MutableMapping[str, Any]:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # As if the client had disconnected: Django then discards the body and sends no response.
            return message if received <= limit else {"type": "http.disconnect"}

        async def send_noted(message: MutableMapping[str, Any]) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self.app(scope, receive_counted, send_noted)
        except OSError as error:  # Django first buffers the body in a temporary file
            if answering:
                raise
            log.exception("cannot buffer a request body on disk")
            detail = FULL if is_full(error) else UNWRITABLE
            await _refuse(send, 503, detail, (b"retry-after", b"5"))
            return
        if received > limit:
            await _refuse_size(send, limit)


async def _refuse_size(send: Send, limit: int) -> None:
    detail = f"The request is larger than {limit:,} bytes. A skill's zip may have {settings.SKILL_MAX_ARCHIVE_BYTES:,}."
    await _refuse(send, 413, detail)


async def _refuse(send: Send, status: int, detail: str, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"), (b"cache-control", PRIVATE.encode())]
    headers += more
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": detail}).encode()})
