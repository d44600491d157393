"""daphne's HTTP connections with limits on requests, which are read completely before the application is called."""

from __future__ import annotations

from typing import Any, ClassVar

from daphne.http_protocol import HTTPFactory
from django.conf import settings
from twisted.web.http import HTTPChannel

from .http_limits import LINGER_SECONDS, Watchdog, line_max_bytes, refusal


def limit_requests(factory: HTTPFactory) -> None:
    """Let a server's connections have the limits of the settings; before it accepts the first."""
    factory.protocol = LimitedChannel
    factory.timeOut = None  # a byte now and then would put it off for ever


def _path_of(target: bytes) -> bytes:
    """The path of a request's target, which may be a whole address (RFC 9112, 3.2.2)."""
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
        """Wait for the first request, unless there are as many connections as there may be."""
        super().connectionMade()
        self._watchdog = Watchdog(self.callLater, self._expire)
        self.connections.add(self)
        if len(self.connections) > settings.HTTP_MAX_CONNECTIONS:
            self._refuse(503)
        else:
            self._watchdog.wait_for("head")

    def connectionLost(self, reason: Any) -> None:
        """Wait for nothing any more."""
        self.connections.discard(self)
        self._watchdog.wait_for("")
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        """Parse what has come, and see for what to wait."""
        if self._refused:
            return
        self._begun = True
        super().dataReceived(data)
        if not self._refused:
            self._wait()

    def lineReceived(self, line: bytes) -> bool:
        """A line of a head. True stops the parser."""
        too_large = self._receivedHeaderSize + len(line) > self.totalHeadersSize
        if too_large or (line and self._receivedHeaderCount >= self.maxHeaders):
            self._refuse(431)
        else:
            super().lineReceived(line)
        return self._refused

    def headerReceived(self, line: bytes) -> bool:
        """A field of a head; False where it cannot be one."""
        try:
            return bool(super().headerReceived(line))
        except ValueError:  # a length of more digits than Python reads
            self._refuse(400)
            return False

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line that is longer than a line may be, or a part of it."""
        self._refuse(431 if self._receivedHeaderSize else 414)

    def allHeadersReceived(self) -> None:
        """The head is whole; a body may follow."""
        if self.length is not None and self.length > settings.MAX_REQUEST_BYTES:
            self._refuse(413)
            return
        self._path = _path_of(self._path)  # type: ignore[assignment, arg-type]  # annotated wrongly
        super().allHeadersReceived()
        self._in_body = True
        self._received = 0

    def rawDataReceived(self, data: bytes) -> bool:
        """A part of a body, as it was sent. True stops the parser."""
        if not self._handlingRequest:
            self._received += len(data)
            if self._received > settings.MAX_REQUEST_BYTES:
                self._refuse(413)
                return True
        super().rawDataReceived(data)
        return self._refused

    def allContentReceived(self) -> None:
        """The request is whole."""
        self._in_body = False
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        """The answer is sent."""
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
            self.loseConnection()  # browsers open connections that they may need, and would take 408 for an answer
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Answer, and close once the client had time to read it."""
        self._refused = True
        self._watchdog.wait_for("")
        self.connections.discard(self)
        self.transport.write(refusal(status))
        self.transport.loseWriteConnection()
        self.callLater(LINGER_SECONDS, self.transport.abortConnection)
