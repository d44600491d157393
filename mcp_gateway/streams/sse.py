"""A response as server-sent events: messages before the response, and comments that keep the connection open."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_gateway.wire.http import Receive, Send
from mcp_gateway.wire.jsonrpc import encode
from mcp_gateway.wire.subscription_filter import SubscriptionFilter

KEEP_ALIVE_SECONDS = 15.0
"""Interval of keep-alive comments; proxies commonly close connections that are silent for a minute."""
_COMMENT = b":\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class EventStream:
    """The event stream of one request. It opens with the first message.

    With `cancel_on_disconnect`, a disconnect cancels the task that sent the first message. Otherwise the task
    continues, and its messages are dropped.
    """

    def __init__(self, receive: Receive, send: Send, *, cancel_on_disconnect: bool) -> None:
        self._receive = receive
        self._send = send
        self._cancel_on_disconnect = cancel_on_disconnect
        self._watching: asyncio.Task[None] | None = None
        self.is_disconnected = False
        """Whether the client has disconnected."""
        self.filter: SubscriptionFilter | None = None
        """The requested notifications, for `subscriptions/listen`; None for other requests."""

    @property
    def is_open(self) -> bool:
        """Whether the stream has started, so that the response must be sent through it."""
        return self._watching is not None

    def subscribe(self, subscription_filter: SubscriptionFilter) -> None:
        """Set the filter, which keeps the stream open."""
        self.filter = subscription_filter

    async def begin(self) -> None:
        """Open the stream before there is a message.

        Writes a comment, because Daphne sends the headers only with the first part of the body.
        """
        await self._open()
        await self._write(_COMMENT)

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message; wait while the client is not reading."""
        await self._open()
        await self._write(_event(message))

    async def close(self, message: dict[str, Any] | None = None) -> None:
        """Send a last message, if given, and end the stream."""
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
        except OSError:  # raised by some servers after a disconnect
            self.is_disconnected = True

    async def _watch(self, worker: asyncio.Task[Any] | None) -> None:
        """Send keep-alive comments until the client disconnects."""
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
