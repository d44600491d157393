"""Streams of events from the gateway, read as they come; each message held against the official JSON schemas."""

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
    """One HTTP request whose answer is read piece by piece."""

    def __init__(self, scope: dict[str, Any], body: bytes, revision: str) -> None:
        self._scope = scope
        self._revision = revision
        self._events = asyncio.Queue[dict[str, Any]]()
        self._events.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self._pieces = asyncio.Queue[dict[str, Any]]()
        self.room = asyncio.Event()
        """Unset while the client does not read."""
        self.room.set()
        self.status = 0
        self.headers: dict[str, str] = {}

    async def run(self) -> None:
        """Serve it, as a server would."""
        await application(self._scope, self._events.get, self._send)

    def disconnect(self) -> None:
        """Go away, as a client does."""
        self._events.put_nowait({"type": "http.disconnect"})

    async def start(self) -> None:
        """Wait for status and headers."""
        started = await self._piece()
        self.status = started["status"]
        self.headers = {name.decode(): value.decode() for name, value in started["headers"]}

    async def piece(self) -> bytes:
        """The next bytes, b"" at the end."""
        body: bytes = (await self._piece())["body"]
        return body

    async def message(self) -> dict[str, Any]:
        """The next message; a notification is valid by the revision's schema."""
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
        """Whether nothing has come that was not read."""
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
    """A request and its answer's status, headers and messages; the client disconnects at the end."""
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
    """A GET of an older revision."""
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
