"""Request limits for daphne, which reads requests completely before it calls the application."""

from __future__ import annotations

from typing import Any, ClassVar

from daphne.http_protocol import HTTPFactory
from django.conf import settings
from twisted.web.http import HTTPChannel

from .http_limits import LINGER_SECONDS, Watchdog, line_max_bytes, refusal


def limit_requests(factory: HTTPFactory) -> None:
    """Apply the limits to a server's connections. Call before it accepts the first."""
    factory.protocol = LimitedChannel
    factory.timeOut = None  # any byte would reset Twisted's timeout


def _path_of(target: bytes) -> bytes:
    """Return the path of a request target, which may be an absolute URL (RFC 9112, 3.2.2)."""
    scheme, found, rest = target.partition(b"://")
    return b"/" + rest.partition(b"/")[2] if found and scheme.lower() in (b"http", b"https") else target


class LimitedChannel(HTTPChannel):
    """One connection."""

    connections: ClassVar[set[LimitedChannel]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.MAX_LENGTH = line_max_bytes()
        self.totalHeadersSize = settings.HTTP_MAX_HEADER_BYTES
        self.maxHeaders = settings.HTTP_MAX_HEADERS
        self._begun = self._in_body = self._refused = False
        self._received = 0

    def connectionMade(self) -> None:
        """Wait for the first request, or refuse the connection if there are too many."""
        super().connectionMade()
        self._watchdog = Watchdog(self.callLater, self._expire)
        self.connections.add(self)
        if len(self.connections) > settings.HTTP_MAX_CONNECTIONS:
            self._refuse(503)
        else:
            self._watchdog.wait_for("head")

    def connectionLost(self, reason: Any) -> None:
        """Stop the watchdog."""
        self.connections.discard(self)
        self._watchdog.wait_for("")
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        """Parse the data, and set what to wait for next."""
        if self._refused:
            return
        self._begun = True
        super().dataReceived(data)
        if not self._refused:
            self._wait()

    def lineReceived(self, line: bytes) -> bool:
        """Handle a line of the head. True stops the parser."""
        too_large = self._receivedHeaderSize + len(line) > self.totalHeadersSize
        if too_large or (line and self._receivedHeaderCount >= self.maxHeaders):
            self._refuse(431)
        else:
            super().lineReceived(line)
        return self._refused

    def headerReceived(self, line: bytes) -> bool:
        """Handle a header; return False if it is invalid."""
        try:
            return bool(super().headerReceived(line))
        except ValueError:  # a Content-Length with more digits than Python parses
            self._refuse(400)
            return False

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse an overlong line."""
        self._refuse(431 if self._receivedHeaderSize else 414)

    def allHeadersReceived(self) -> None:
        """Handle the end of the head; a body may follow."""
        if self.length is not None and self.length > settings.MAX_REQUEST_BYTES:
            self._refuse(413)
            return
        self._path = _path_of(self._path)  # type: ignore[assignment, arg-type]  # annotated wrongly
        super().allHeadersReceived()
        self._in_body = True
        self._received = 0

    def rawDataReceived(self, data: bytes) -> bool:
        """Handle a raw part of the body. True stops the parser."""
        if not self._handlingRequest:
            self._received += len(data)
            if self._received > settings.MAX_REQUEST_BYTES:
                self._refuse(413)
                return True
        super().rawDataReceived(data)
        return self._refused

    def allContentReceived(self) -> None:
        """Handle the end of the request."""
        self._in_body = False
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        """Handle the end of the response."""
        super().requestDone(request)
        if not self._refused and not self._handlingRequest:
            self._watchdog.wait_for("next request")

    def _respondToBadRequestAndDisconnect(self) -> None:
        self._refuse(400)

    def _wait(self) -> None:
        if self._in_body:
            self._watchdog.wait_for_body(self._received)
        else:
            self._watchdog.wait_for("" if self._handlingRequest else "head")

    def _expire(self) -> None:
        if self._watchdog.waiting == "next request" or not self._begun:
            self.loseConnection()  # browsers open spare connections, and would misread a 408 on them
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Send the response, and close after the client had time to read it."""
        self._refused = True
        self._watchdog.wait_for("")
        self.connections.discard(self)
        self.transport.write(refusal(status))
        self.transport.loseWriteConnection()
        self.callLater(LINGER_SECONDS, self.transport.abortConnection)
