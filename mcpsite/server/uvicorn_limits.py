"""uvicorn's HTTP protocol with limits on heads and on slow clients, which it has none of with httptools."""

from __future__ import annotations

import asyncio

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .http_limits import LINGER_SECONDS, Watchdog, is_overhead_too_large, line_max_bytes, refusal


class _Refused(Exception):
    """The head of a request has more than it may have, or cannot be understood; stops the parser."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection. What is refused is answered here, before the application is called.

    The parser tells of a header when it is whole, and of chunks' sizes and extensions not at all. So what is
    counted is what was fed to it, which costs nothing; sizes are added up only where that is much.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first request, unless there are as many connections as there may be."""
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
        """Wait for nothing any more."""
        self._watchdog.wait_for("")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and see what is to come yet."""
        if self._refused or self.transport.is_closing():
            return
        self._piece = len(data)
        if not self._in_message:
            self._fed = self._other = 0
        self._fed += self._piece
        super().data_received(data)
        if not self._refused:
            self._judge()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_message = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head. The parser tells of those after a chunked body too, which are no part of the head."""
        if self._in_body:
            return
        # The parser takes any list that ends so; whoever undoes the others as well would read another body.
        if name.lower() == b"transfer-encoding" and value.lower() != b"chunked":
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; a body may follow."""
        if self._fed > line_max_bytes() or len(self.headers) > settings.HTTP_MAX_HEADERS:
            self._check_head()
        super().on_headers_complete()
        self._in_body = True
        self._begin_part()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._carried += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._in_message = self._in_body = False
        self._watchdog.wait_for("")
        self._begin_part()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not read, or what a limit has stopped."""
        self._refuse(self._status)

    def _begin_part(self) -> None:
        """Count anew. The present piece may hold the end of the last part and the beginning of the next."""
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

    def _judge(self) -> None:
        """After what has come: whether it is too much, and for what to wait."""
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
        if self.flow.read_paused:  # the client cannot send while nobody reads
            self._watchdog.wait_for("")
            self._judge()
        elif not self._fed:  # browsers open connections that they may need, and would take 408 for an answer
            self.transport.close()
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Answer, if nothing else is being answered; close once the client had time to read it."""
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
