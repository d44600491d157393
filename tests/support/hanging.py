"""A TCP proxy that hangs in all the ways a network can."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from urllib.parse import urlsplit

TRICKLE_SECONDS = 0.2
"""Seconds between bytes of a slow answer; shorter than any single read timeout."""
CHUNK = 64 * 1024


class Mode(StrEnum):
    """What happens to old and new connections.

    HALF: only half of the first data of an answer; with a short answer, part of its headers.
    """

    FORWARD = "forward"
    HANG = "hang"
    HALF = "half"
    TRICKLE = "trickle"
    REFUSE = "refuse"


class HangingProxy:
    """Forwards everything, unless `mode` says otherwise."""

    def __init__(self, listener: socket.socket, upstream: tuple[str, int]) -> None:
        self.port: int = listener.getsockname()[1]
        self.mode = Mode.FORWARD
        self.accepted = 0
        self.held = 0
        """Number of requests and answers held back."""
        self._listener = listener
        self._upstream = upstream
        self._ended = threading.Event()

    def url(self, scheme: str = "http") -> str:
        """Return the proxy's URL."""
        return f"{scheme}://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Accept connections until `end`."""
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.mode is Mode.REFUSE:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def end(self) -> None:
        """Stop accepting, and release hanging connections."""
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._upstream, timeout=10) as server:
            server.settimeout(None)
            answers = threading.Thread(target=self._pass, args=(server, client, True), daemon=True)
            answers.start()
            self._pass(client, server, False)
            answers.join()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        """Forward data of one direction according to the current mode."""
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if self.mode is Mode.HANG or (self.mode is Mode.HALF and answers):
                    self.held += 1
                    if self.mode is Mode.HALF:
                        target.sendall(data[: len(data) // 2])
                    self._ended.wait()
                    break
                if self.mode is Mode.TRICKLE and answers:
                    self._trickle(data, target)
                elif self.mode is Mode.REFUSE:
                    break
                else:
                    target.sendall(data)
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _trickle(self, data: bytes, target: socket.socket) -> None:
        for start in range(len(data)):
            if self.mode is not Mode.TRICKLE:
                target.sendall(data[start:])
                return
            target.sendall(data[start : start + 1])
            time.sleep(TRICKLE_SECONDS)


@contextmanager
def hanging(upstream: str) -> Iterator[HangingProxy]:
    """Run a proxy for the server at a URL."""
    address = urlsplit(upstream)
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        proxy = HangingProxy(listener, (address.hostname or "", address.port or 0))
        thread = threading.Thread(target=proxy.run, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.end()
            thread.join(10)
