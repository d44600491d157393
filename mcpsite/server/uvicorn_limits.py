"""Limits on heads and slow clients for uvicorn, which has none with httptools."""

from __future__ import annotations

import asyncio

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .http_limits import LINGER_SECONDS, Watchdog, is_overhead_too_large, line_max_bytes, refusal


class _Refused(Exception):
    """The head is too large or invalid; stops the parser."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Refusals are answered here, before the application is called.

    The parser reports a header only when it is complete, and chunk sizes and extensions not at all. So this
    counts the bytes fed to it, which is cheap, and adds up header sizes only if those are many.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first request, or refuse the connection if there are too many."""
        super().connection_made(transport)
        self._watchdog = Watchdog(self.loop.call_later, self._expire)
        self._in_message = self._in_body = self._refused = False
        self._fed = self._other = self._carried = self._piece = 0
        self._status = 400
        if len(self.connections) > settings.HTTP_MAX_CONNECTIONS:
            self._refuse(503)
        else:
            self._watchdog.wait_for("head")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the watchdog."""
        self._watchdog.wait_for("")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, and check the limits."""
        if self._refused or self.transport.is_closing():
            return
        self._piece = len(data)
        if not self._in_message:
            self._fed = self._other = 0
        self._fed += self._piece
        super().data_received(data)
        if not self._refused:
            self._check_limits()

    def on_message_begin(self) -> None:
        """Handle the start of a head."""
        super().on_message_begin()
        self._in_message = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a header. Trailers of a chunked body, which the parser also reports, are ignored."""
        if self._in_body:
            return
        # The parser accepts any list that ends in "chunked"; a proxy that decodes the others would see another body.
        if name.lower() == b"transfer-encoding" and value.lower() != b"chunked":
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Handle the end of the head; a body may follow."""
        if self._fed > line_max_bytes() or len(self.headers) > settings.HTTP_MAX_HEADERS:
            self._check_head()
        super().on_headers_complete()
        self._in_body = True
        self._begin_part()

    def on_body(self, body: bytes) -> None:
        """Handle a part of the body."""
        self._carried += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Handle the end of the request."""
        super().on_message_complete()
        self._in_message = self._in_body = False
        self._watchdog.wait_for("")
        self._begin_part()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that is invalid or beyond a limit."""
        self._refuse(self._status)

    def _begin_part(self) -> None:
        """Restart the counters. The current data may hold the end of one part and the start of the next."""
        self._fed = self._other = self._piece
        self._carried = 0

    def _check_head(self) -> None:
        sizes = [len(name) + len(value) for name, value in self.headers]
        if len(self.url) > line_max_bytes():
            self._status = 414
        elif (
            len(sizes) > settings.HTTP_MAX_HEADERS
            or max(sizes, default=0) > line_max_bytes()
            or len(self.url) + sum(sizes) > settings.HTTP_MAX_HEADER_BYTES
        ):
            self._status = 431
        else:
            return
        raise _Refused

    def _check_limits(self) -> None:
        """Check the limits, and set what to wait for next."""
        fed = self._fed - self._other
        if self._in_body:
            self._watchdog.wait_for_body(self._carried)
            if is_overhead_too_large(fed, self._carried):
                self._refuse(400)
        elif self._in_message or self.cycle is None or self.cycle.response_complete:
            self._watchdog.wait_for("head")
            if fed > settings.HTTP_MAX_HEADER_BYTES:
                self._refuse(431 if self.headers else 414)

    def _expire(self) -> None:
        if self.flow.read_paused:  # the client cannot send while reading is paused
            self._watchdog.wait_for("")
            self._check_limits()
        elif not self._fed:  # browsers open spare connections, and would misread a 408 on them
            self.transport.close()
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Send the response unless another is in progress; close after the client had time to read it."""
        self._refused = True
        self._watchdog.wait_for("")
        self.connections.discard(self)
        self._unset_keepalive_if_required()
        if self._may_answer():
            self.transport.write(refusal(status))
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _may_answer(self) -> bool:
        if self.pipeline:
            return False
        answered = self.cycle
        return answered is None or not answered.response_started or (answered.response_complete and not self._in_body)
