"""A cheap load generator: many connections, one thread, prepared requests."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Protocol

QUIET_SECONDS = 0.15
"""Longer than the recorder's linger time, so that writing the recorded calls is measured too."""
SETTLES_WITHIN = 60.0
RECEIVED_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class Load:
    """Result of one round; CPU is the server's until it is idle, in microseconds per request."""

    rps: float
    cpu_us: float
    busy: float
    """Fraction of time that the load generator itself was busy; near 1, it would be the bottleneck."""


class BadAnswer(Exception):
    """A server gave a wrong answer."""


class _Connection:
    """A connection that sends the next request as soon as the last one is answered."""

    def __init__(self, port: int, requests: Sequence[bytes], offset: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = cycle([*requests[offset:], *requests[:offset]])
        self._missing = 0
        self._head = b""

    def send(self) -> None:
        """Send the next request."""
        self.socket.sendall(next(self._requests))

    def receive(self, buffer: bytearray) -> bool:
        """Whether the answer is complete. Raises BadAnswer."""
        count = self.socket.recv_into(buffer)
        if not count:
            raise BadAnswer("the server closed the connection")
        if not self._missing:
            return self._begin(self._head + buffer[:count])
        self._missing -= count
        return not self._missing

    def _begin(self, received: bytes) -> bool:
        end = received.find(b"\r\n\r\n")
        if end < 0:
            self._head = received
            return False
        if not received.startswith(b"HTTP/1.1 200"):
            raise BadAnswer(received[:2000].decode("latin-1"))
        self._head = b""
        self._missing = end + 4 + _content_length(received, end) - len(received)
        return not self._missing


def _content_length(received: bytes, end: int) -> int:
    at = received.lower().find(b"content-length:", 0, end)
    if at < 0:
        raise BadAnswer("an answer without Content-Length")
    return int(received[at + 15 : received.find(b"\r\n", at)])


class Server(Protocol):
    """A server's address and process id."""

    @property
    def port(self) -> int: ...
    @property
    def pid(self) -> int: ...


def load(server: Server, requests: Sequence[bytes], *, seconds: float, connections: int) -> Load:
    """Send requests for `seconds`, then wait until the server is idle. Raises BadAnswer, OSError."""
    cpu, own, began = cpu_ns(server.pid), time.process_time(), time.perf_counter()
    answered = _ask(server.port, requests, began + seconds, connections)
    elapsed = time.perf_counter() - began
    busy = (time.process_time() - own) / elapsed
    wait_until_quiet(server.pid)
    return Load(answered / elapsed, (cpu_ns(server.pid) - cpu) / answered / 1000, busy)


def _ask(port: int, requests: Sequence[bytes], until: float, connections: int) -> int:
    """Run the connections until the end; return the number of answered requests."""
    buffer = bytearray(RECEIVED_AT_ONCE)
    poll = select.epoll()
    open_ = {}
    for number in range(connections):
        connection = _Connection(port, requests, number * len(requests) // connections)
        open_[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)
        connection.send()
    answered, asked = 0, connections
    while answered < asked:
        for descriptor, _ in poll.poll():
            connection = open_[descriptor]
            if connection.receive(buffer):
                answered += 1
                if time.perf_counter() < until:
                    connection.send()
                    asked += 1
    poll.close()
    for connection in open_.values():
        connection.socket.close()
    return answered


def cpu_ns(pid: int) -> int:
    """Return the CPU time of a server process and its children, in nanoseconds."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    # The clock ids of clock_getcpuclockid(3) on Linux.
    return sum(time.clock_gettime_ns((~one << 3) | 2) for one in (pid, *map(int, children)))


def wait_until_quiet(pid: int) -> None:
    """Wait until a server has been idle for a while."""
    deadline = time.monotonic() + SETTLES_WITHIN
    used = cpu_ns(pid)
    while time.monotonic() < deadline:
        time.sleep(QUIET_SECONDS)
        before, used = used, cpu_ns(pid)
        if used - before < QUIET_SECONDS * 1e9 / 50:
            return
