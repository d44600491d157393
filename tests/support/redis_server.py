"""A temporary Redis server."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .emulators import running
from .server import free_port


@contextmanager
def redis_server(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run Redis on `port` or a free port; yield its URL."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("redis-server is not installed")
    chosen = port or free_port()
    command = [binary, "--bind", "127.0.0.1", "--port", str(chosen), "--save", "", "--appendonly", "no"]
    with running([*command, "--dir", str(folder)], lambda: _answers(chosen), folder / "redis.log"):
        yield f"redis://127.0.0.1:{chosen}"


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False
