"""Reads HTTP request bodies from ASGI and writes responses to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .jsonrpc import encode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_JSON = (b"content-type", b"application/json")


class HttpAnswer(NamedTuple):
    """An HTTP response. The body is JSON, b"" for none."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def json(cls, status: int, value: Any, headers: Mapping[str, str] = MappingProxyType({})) -> HttpAnswer:
        """Create a response with a JSON-RPC message or batch."""
        return cls(status, encode(value), headers)


class BadBody(Exception):
    """A request refused for its body, with an HTTP status."""

    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read the whole body. Raises BadBody if it is larger than `limit` bytes or incomplete."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise BadBody(400, "The request body is incomplete")
        body += event.get("body", b"")
        if len(body) > limit:
            raise BadBody(413, f"The request is larger than {limit:,} bytes")
        if not event.get("more_body"):
            return bytes(body)


async def send_answer(send: Send, answer: HttpAnswer) -> None:
    """Send a response with its body in one piece."""
    headers = [(b"content-length", b"%d" % len(answer.body)), _NO_SNIFFING]
    if answer.body:
        headers.append(_JSON)
    for name, value in answer.headers.items():
        headers.append((name.encode(), value.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
