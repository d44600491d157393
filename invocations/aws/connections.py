"""Connections to AWS that never outlast a deadline, however slowly the server answers.

botocore's timeouts bound only each wait for the next bytes, so a server that sends a byte now and
then could block a call forever. Here each wait is also limited to the time left for the whole call.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from typing import Any, cast

from botocore import awsrequest

from invocations.resilience.unavailable import DeadlinePassed

PIECE = 64 * 1024
"""Bytes sent within one timeout: a large body may take longer as long as it makes progress."""
SecondsLeft = Callable[[], float]
"""Returns the seconds left."""


def bound_connections(client: Any, left: SecondsLeft) -> None:
    """Limit every wait of a botocore client's connections to the seconds that `left` returns.

    botocore has no setting for its connection class, so this patches its pool classes.
    """

    class Http(_BoundedConnection, awsrequest.AWSHTTPConnection):  # type: ignore[misc]  # botocore has no types
        seconds_left = staticmethod(left)

    class Https(_BoundedConnection, awsrequest.AWSHTTPSConnection):  # type: ignore[misc]  # botocore has no types
        seconds_left = staticmethod(left)

    pools = client._endpoint.http_session._pool_classes_by_scheme
    for scheme, connection in {"http": Http, "https": Https}.items():
        pools[scheme] = type(f"Bounded{scheme}", (pools[scheme],), {"ConnectionCls": connection})


class _BoundedConnection:
    """Mixin for urllib3 connections."""

    seconds_left: SecondsLeft
    timeout: Any
    sock: Any

    def connect(self) -> None:
        self.timeout = _limit(self.timeout, self.seconds_left())
        super().connect()  # type: ignore[misc]  # of the other base
        self.sock = _BoundedSocket(self.sock, self.seconds_left)


class _BoundedSocket:
    """A wrapped connected socket; other attributes are delegated to it."""

    def __init__(self, connected: socket.socket, left: SecondsLeft) -> None:
        self._socket = connected
        self._left = left
        self._silence = connected.gettimeout()

    def settimeout(self, seconds: float | None) -> None:
        self._silence = seconds

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything, each piece within the timeout."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), PIECE):
            self.limit_next_wait()
            self._socket.sendall(view[start : start + PIECE], flags)

    def makefile(self, mode: str, buffering: int | None = None) -> Any:
        """Return a binary reader for http.client."""
        raw = _BoundedReader(self, cast("socket.SocketIO", self._socket.makefile(mode, 0)))  # type: ignore[call-overload]
        return raw if buffering == 0 else io.BufferedReader(raw)

    def limit_next_wait(self) -> None:
        """Set the timeout of the next wait. Raises DeadlinePassed if no time is left."""
        left = self._left()
        if left <= 0:
            raise DeadlinePassed("the deadline has passed")
        self._socket.settimeout(_limit(self._silence, left))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _BoundedReader(io.RawIOBase):
    """Reader of a bounded socket."""

    def __init__(self, connected: _BoundedSocket, raw: socket.SocketIO) -> None:
        self._connected = connected
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connected.limit_next_wait()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._raw.close()


def _limit(timeout: Any, left: float) -> float | None:
    """Return the shorter time; `timeout` may also be None or urllib3's default sentinel."""
    if isinstance(timeout, int | float):
        return min(timeout, left)
    return None if left == float("inf") else left
