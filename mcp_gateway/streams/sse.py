"""An answer as server-sent events: messages that go before it, and comments that keep the connection open."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_gateway.wire.http import Receive, Send
from mcp_gateway.wire.jsonrpc import encode
from mcp_gateway.wire.subscription_filter import SubscriptionFilter

KEEP_ALIVE_SECONDS = 15.0
"""How long a stream may be silent; proxies commonly close what is silent for a minute."""
_COMMENT = b":\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventStream:
    """The stream of one request, begun by the first message and watched from then on.

    Where a disconnect means that the request is cancelled (`cancel_on_disconnect`), the task that sent the first
    message is cancelled; otherwise it goes on, and what it sends is dropped.
    """

    def __init__(self, receive: Receive, send: Send, *, cancel_on_disconnect: bool) -> None:
        self._receive = receive
        self._send = send
        self._cancel_on_disconnect = cancel_on_disconnect
        self._watching: asyncio.Task[None] | None = None
        self.is_disconnected = False
        """Whether the client has gone."""
        self.filter: SubscriptionFilter | None = None
        """What is to be told until the stream ends, if it is one that lasts."""

    @property
    def is_open(self) -> bool:
        """Whether anything was sent, so that the answer must go the same way."""
        return self._watching is not None

    def subscribe(self, subscription_filter: SubscriptionFilter) -> None:
        """Take note of what is to be told."""
        self.filter = subscription_filter

    async def begin(self) -> None:
        """Let the client know that it is a stream, before there is a message.

        Daphne sends the head of an answer only with the first part of its body.
        """
        await self._open()
        await self._write(_COMMENT)

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message; waits while the client does not read."""
        await self._open()
        await self._write(_event(message))

    async def close(self, message: dict[str, Any] | None = None) -> None:
        """Send the last message, if there is one, and end the stream."""
        if self._watching is not None:
            self._watching.cancel()
        await self._write(b"" if message is None else _event(message), more=False)

    async def _open(self) -> None:
        if self._watching is None:
            await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            self._watching = asyncio.create_task(self._watch(asyncio.current_task()))

    async def _write(self, body: bytes, *, more: bool = True) -> None:
        if self.is_disconnected:
            return
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except OSError:  # what some servers say of a client that has gone
            self.is_disconnected = True

    async def _watch(self, worker: asyncio.Task[Any] | None) -> None:
        """Send comments until the client goes."""
        gone = asyncio.ensure_future(self._receive())
        try:
            while not (await asyncio.wait({gone}, timeout=KEEP_ALIVE_SECONDS))[0]:
                await self._write(_COMMENT)
        finally:
            gone.cancel()
        self.is_disconnected = True
        if self._cancel_on_disconnect and worker is not None:
            worker.cancel()


def _event(message: dict[str, Any]) -> bytes:
    return b"event: message\ndata: " + encode(message) + b"\n\n"
