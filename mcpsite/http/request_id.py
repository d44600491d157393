"""A request id for every HTTP request, sent as `X-Request-ID` and added to each log line."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_current: ContextVar[str] = ContextVar("request_id", default="-")
_ACCEPTED = re.compile(rb"[A-Za-z0-9_.:=-]{1,128}")


class RequestIdMiddleware:
    """ASGI middleware: accepts the caller's `X-Request-ID` if it is well-formed, else generates one."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        # The id is not a secret, so it may be guessable.
        request_id = given.decode() if _ACCEPTED.fullmatch(given) else f"{random.getrandbits(64):016x}"
        token = _current.set(request_id)
        scope["request_id"] = request_id  # this is the outermost middleware

        def send_with_id(message: MutableMapping[str, Any]) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            return send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            _current.reset(token)


class RequestIdFilter(logging.Filter):
    """Adds the current request id to each log record ("-" outside of a request)."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get()
        return True
