"""Event streams of the gateway, read incrementally; messages are validated by the official JSON schemas."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from mcpsite.asgi import application

from .gateway_asking import LEGACY, MODERN, VERSION, envelope, modern_headers, request
from .official_schemas import check_notification
from .patience import PATIENCE_SECONDS


class Stream:
    """One HTTP request whose response is read in pieces."""

    def __init__(self, scope: dict[str, Any], body: bytes, revision: str) -> None:
        self._scope = scope
        self._revision = revision
        self._events = asyncio.Queue[dict[str, Any]]()
        self._events.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self._pieces = asyncio.Queue[dict[str, Any]]()
        self.room = asyncio.Event()
        """Cleared while the client does not read."""
        self.room.set()
        self.status = 0
        self.headers: dict[str, str] = {}

    async def run(self) -> None:
        """Run the application for this request."""
        await application(self._scope, self._events.get, self._send)

    def disconnect(self) -> None:
        """Disconnect the client."""
        self._events.put_nowait({"type": "http.disconnect"})

    async def start(self) -> None:
        """Wait for status and headers."""
        started = await self._piece()
        self.status = started["status"]
        self.headers = {name.decode(): value.decode() for name, value in started["headers"]}

    async def piece(self) -> bytes:
        """Return the next bytes, b"" at the end."""
        body: bytes = (await self._piece())["body"]
        return body

    async def message(self) -> dict[str, Any]:
        """Return the next message; notifications are validated by the revision's schema."""
        piece = await self.piece()
        while piece.startswith(b":"):
            piece = await self.piece()
        event, data, *rest = piece.split(b"\n")
        assert (event, rest) == (b"event: message", [b"", b""])
        message: dict[str, Any] = json.loads(data.removeprefix(b"data: "))
        if "method" in message:
            check_notification(message, self._revision)
        return message

    def nothing(self) -> bool:
        """Return whether there is no unread data."""
        return self._pieces.empty()

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self.room.wait()
        self._pieces.put_nowait(dict(message))

    async def _piece(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._pieces.get(), PATIENCE_SECONDS)


@asynccontextmanager
async def streaming(
    revision: str,
    method: str,
    params: dict[str, Any] | None = None,
    *,
    message_id: Any = 1,
    meta: Any = (),
    **headers: str,
) -> AsyncIterator[Stream]:
    """Send a request and yield its stream; disconnect at the end."""
    params = params or {}
    if revision == MODERN:
        params = {**params, "_meta": {**envelope(), **dict(meta)}}
        given = modern_headers(method, params)
    else:
        params = {**params, "_meta": dict(meta)} if meta else params
        given = {VERSION: revision}
    given |= {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(request(method, params, message_id=message_id)).encode()
    async with _exchange("POST", given, body, revision) as stream:
        yield stream


@asynccontextmanager
async def listening(revision: str = LEGACY[-1], **headers: str) -> AsyncIterator[Stream]:
    """Open the GET stream of an older revision."""
    given = {"accept": "text/event-stream", VERSION: revision}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with _exchange("GET", given, b"", revision) as stream:
        yield stream


@asynccontextmanager
async def _exchange(method: str, headers: Mapping[str, str], body: bytes, revision: str) -> AsyncIterator[Stream]:
    scope = {
        "type": "http",
        "method": method,
        "path": "/mcp",
        "query_string": b"",
        "client": ["127.0.0.1", 4711],
        "headers": [(b"host", b"localhost"), *((name.encode(), value.encode()) for name, value in headers.items())],
    }
    stream = Stream(scope, body, revision)
    serving = asyncio.create_task(stream.run())
    try:
        await stream.start()
        yield stream
    finally:
        stream.disconnect()
        await asyncio.wait_for(serving, PATIENCE_SECONDS)
