"""The ASGI side of one HTTP request: reading its body, writing its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .jsonrpc import INVALID_REQUEST, Id, JsonRpcError, encode, error_message

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_JSON = (b"content-type", b"application/json")


class HttpAnswer(NamedTuple):
    """What goes back over HTTP; a body is JSON, b"" for none."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def json(cls, status: int, value: Any, headers: Mapping[str, str] = MappingProxyType({})) -> HttpAnswer:
        """An answer with a JSON-RPC message, or a batch of them."""
        return cls(status, encode(value), headers)


class Refused(Exception):
    """A request that is answered before any JSON-RPC method is called."""

    def __init__(self, status: int, error: JsonRpcError, message_id: Id | None = None, **headers: str) -> None:
        super().__init__(error.message)
        self._status = status
        self._error = error
        self._id = message_id
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(self, *, null_id: bool) -> HttpAnswer:
        """What goes back; `null_id` as in `error_message`."""
        message = error_message(self._id, self._error, null_id=null_id)
        return HttpAnswer.json(self._status, message, self._headers)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises Refused where it is larger than `limit` bytes, or cut off."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Refused(400, JsonRpcError(INVALID_REQUEST, "The request was cut off"))
        body += event.get("body", b"")
        if len(body) > limit:
            raise Refused(413, JsonRpcError(INVALID_REQUEST, f"The request is larger than {limit:,} bytes"))
        if not event.get("more_body"):
            return bytes(body)


async def send_answer(send: Send, answer: HttpAnswer) -> None:
    """Send it in one piece."""
    headers = [(b"content-length", b"%d" % len(answer.body)), _NO_SNIFFING]
    if answer.body:
        headers.append(_JSON)
    for name, value in answer.headers.items():
        headers.append((name.encode(), value.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
