"""How large and how slow a request may be before any application sees it; the same for every server.

`HTTP_HEAD_SECONDS` and others are settings, see docs/settings.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal, Protocol

from django.conf import settings

BODY_BYTES_PER_SECOND = 1024
"""How fast a body must come once HTTP_BODY_SECONDS have passed: a slow telephone is faster."""
OVERHEAD_BYTES = 64 * 1024
"""How much longer than what it carries a chunked body may be: sizes, extensions and trailers of chunks."""
LINGER_SECONDS = 2.0
"""How long a refused client may go on sending, so that it gets to read why; nobody looks at what it sends."""

Waiting = Literal["", "head", "body", "next request"]


class Timer(Protocol):
    """What the event loops of both servers give for a call that is due later."""

    def cancel(self) -> object:
        """Do not call it."""
        ...


def line_max_bytes() -> int:
    """How long one line of a head may be: no single header needs all the room."""
    return int(settings.HTTP_MAX_HEADER_BYTES) // 2


def is_overhead_too_large(sent: int, carried: int) -> bool:
    """Whether a body of so many bytes carries too few: tiny chunks, long extensions, or endless trailers."""
    return sent - carried > OVERHEAD_BYTES + carried


def refusal(status: int) -> bytes:
    """The whole answer to a client that is refused; the connection ends with it."""
    phrase = HTTPStatus(status).phrase
    head = (
        f"HTTP/1.1 {status} {phrase}\r\n"
        "content-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(phrase)}\r\n"
        "connection: close\r\n\r\n"
    )
    return (head + phrase).encode()


class Watchdog:
    """Calls `expire` when a client lets the server wait too long for what it is to send.

    A head has a fixed time, however its bytes are spread. A body may pause for as long as it may take to begin, and
    must come at a least rate.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], Timer], expire: Callable[[], None]) -> None:
        self._call_later = call_later
        self._expire = expire
        self._timer: Timer | None = None
        self._began = self._heard = 0.0
        self._received = 0
        self.waiting: Waiting = ""
        """For what the client is waited for, "" where it is not its turn."""

    def wait_for(self, what: Waiting) -> None:
        """The client is to send this; no new time begins where it was waited for already."""
        if self.waiting != what:
            self._cancel()
            self.waiting, self._received = what, 0
            self._began = self._heard = time.monotonic()
            if what:
                self._timer = self._call_later(self._left(), self._look)

    def wait_for_body(self, received: int) -> None:
        """The client is to send a body, and has sent so many bytes of it."""
        self.wait_for("body")
        if received > self._received:
            self._received, self._heard = received, time.monotonic()

    def _left(self) -> float:
        if self.waiting == "body":
            seconds: int = settings.HTTP_BODY_SECONDS
            due = min(self._heard + seconds, self._began + seconds + self._received / BODY_BYTES_PER_SECOND)
        elif self.waiting == "head":
            due = self._began + settings.HTTP_HEAD_SECONDS
        else:
            due = self._began + settings.HTTP_KEEP_ALIVE_SECONDS
        return due - time.monotonic()

    def _look(self) -> None:
        self._timer = None
        left = self._left()
        if left > 0:
            self._timer = self._call_later(left, self._look)
        else:
            self._expire()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
