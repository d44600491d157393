"""The upper limit: an ASGI application that reads the request and returns constant bytes; the path is their number.

POST /1234 -> 1,234 bytes
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

Message = MutableMapping[str, Any]


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Handle one request."""
    while (await receive()).get("more_body"):
        pass
    start, body = _answer(scope["path"])
    await send(start)
    await send(body)


@cache
def _answer(path: str) -> tuple[Message, Message]:
    size = path.removeprefix("/")
    headers = [(b"content-length", size.encode()), (b"content-type", b"application/json")]
    return (
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": b"x" * int(size)},
    )
