"""Limits on the size and slowness of requests before the application sees them; the same for both servers.

`HTTP_HEAD_SECONDS` and others are settings, see docs/settings.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal, Protocol

from django.conf import settings

BODY_BYTES_PER_SECOND = 1024
"""Minimum rate of a body after HTTP_BODY_SECONDS; a slow mobile connection is faster."""
OVERHEAD_BYTES = 64 * 1024
"""Maximum overhead of a chunked body: chunk sizes, extensions and trailers."""
LINGER_SECONDS = 2.0
"""How long a refused client may keep sending, so that it can read the response; the data is discarded."""

Waiting = Literal["", "head", "body", "next request"]


class Timer(Protocol):
    """A scheduled call of either server's event loop."""

    def cancel(self) -> object:
        """Cancel the call."""
        ...


def line_max_bytes() -> int:
    """Return the maximum length of one line of the head."""
    return int(settings.HTTP_MAX_HEADER_BYTES) // 2


def is_overhead_too_large(sent: int, carried: int) -> bool:
    """Whether `sent` bytes carry too little content: tiny chunks, long extensions or endless trailers."""
    return sent - carried > OVERHEAD_BYTES + carried


def refusal(status: int) -> bytes:
    """Return the complete response to a refused client; the connection closes after it."""
    phrase = HTTPStatus(status).phrase
    head = (
        f"HTTP/1.1 {status} {phrase}\r\n"
        "content-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(phrase)}\r\n"
        "connection: close\r\n\r\n"
    )
    return (head + phrase).encode()


class Watchdog:
    """Calls `expire` if a client keeps the server waiting too long.

    A head has a fixed time, however its bytes are spread. A body may pause for HTTP_BODY_SECONDS, and must
    keep a minimum rate after that.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], Timer], expire: Callable[[], None]) -> None:
        self._call_later = call_later
        self._expire = expire
        self._timer: Timer | None = None
        self._began = self._heard = 0.0
        self._received = 0
        self.waiting: Waiting = ""
        """What the client has to send, "" if it is the server's turn."""

    def wait_for(self, what: Waiting) -> None:
        """Wait for `what`; the time is not reset if the watchdog already waits for it."""
        if self.waiting != what:
            self._cancel()
            self.waiting, self._received = what, 0
            self._began = self._heard = time.monotonic()
            if what:
                self._timer = self._call_later(self._left(), self._look)

    def wait_for_body(self, received: int) -> None:
        """Wait for the rest of a body, of which `received` bytes have arrived."""
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
