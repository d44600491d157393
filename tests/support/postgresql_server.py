"""A temporary PostgreSQL server that tests may stop, and a connection to it that they may cut."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from .server import free_port


def binaries() -> Path | None:
    """Return the folder of initdb and postgres; Debian keeps them outside PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(debian[-1]) if debian else None)
    return Path(found).resolve().parent if found else None


@dataclass
class PostgresqlServer:
    """A server on a local port."""

    port: int
    folder: str
    control: Sequence[str]

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        command = [*self.control, "-l", f"{self.folder}/log", "-o", f"{options} -c fsync=off", "start"]
        subprocess.run(command, check=True, cwd=self.folder)

    def stop(self, how: str = "immediate") -> None:
        subprocess.run([*self.control, "-m", how, "stop"], check=True, cwd=self.folder)


@contextmanager
def postgresql(found: Path) -> Iterator[PostgresqlServer]:
    """Run a temporary server. PostgreSQL refuses to run as root, so root uses the postgres account."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="skillkeeper-postgresql-") as folder:
        if become:
            shutil.chown(folder, user, user)
        data = f"{folder}/data"
        made = [f"{found}/initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "-D", data]
        subprocess.run([*become, *made], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        server = PostgresqlServer(free_port(), folder, [*become, f"{found}/pg_ctl", "-D", data, "-w", "-s"])
        server.start()
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):  # a test may already have stopped it
                server.stop()


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server for the tests of a module."""
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    with postgresql(found) as server:
        yield server


class Wire:
    """Forwards bytes to a port, or swallows them: connections are then accepted but never answered."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self.passes = threading.Event()
        self.passes.set()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in [self._listener, *self._sockets]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._upstream))
            self._sockets += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(65536):
                if self.passes.is_set():
                    target.sendall(received)
            target.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """Run a wire to a local port."""
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()
