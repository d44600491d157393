"""A TCP proxy that simulates every kind of outage of the server behind it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

UP, REFUSING, HANGING, HALF = "up", "refusing", "hanging", "answering half"
OUTAGES = [REFUSING, HANGING, HALF]
HALF_BYTES = 60
"""Bytes of an answer that pass; fewer than its headers have."""


class Door:
    """A TCP proxy at `url`; `state` decides what happens to new and open connections."""

    def __init__(self, upstream: str) -> None:
        address = urlsplit(upstream)
        self._upstream = (address.hostname or "", address.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._state = UP
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def state(self) -> str:
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        self._state = state
        if state != HANGING:  # cut off waiting clients, as when a hung server restarts
            self._cut_off()

    def close(self) -> None:
        """Close the proxy for good."""
        self._listener.close()
        self._cut_off()

    def _cut_off(self) -> None:
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            _reset(connection)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._state == REFUSING:
                _reset(client)
                continue
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), socket.create_connection(self._upstream) as server:
            with self._lock:
                self._open |= {client, server}
            back = threading.Thread(target=self._copy, args=[server, client, True], daemon=True)
            back.start()
            self._copy(client, server, False)
        _reset(client)

    def _copy(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._state == HANGING:
                    continue
                if self._state == HALF and is_answer:
                    target.sendall(data[:HALF_BYTES])
                    break
                target.sendall(data)
        for connection in (source, target):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def door(upstream: str) -> Iterator[Door]:
    """Run a door for a server within the block."""
    opened = Door(upstream)
    try:
        yield opened
    finally:
        opened.close()
