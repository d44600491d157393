"""A real server process with its own port and data folder."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import httpx

from .patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = STOPS_WITHIN = PATIENCE_SECONDS


class Server:
    """Runs a command that serves on `port` within the block; `output` is what it printed."""

    def __init__(self, command: Sequence[str], data: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data
        self._command = [part.format(port=self.port) for part in command]
        self._log = data.parent / f"{data.name}-{self.port}.log"
        self._environment = {**clean_environment(data), "PORT": str(self.port), **environment}

    def begin(self) -> None:
        """Start the process without waiting until it is ready."""
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> Server:
        self.begin()
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            assert self.process.poll() is None, f"the server ended:\n{self.output}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{self.output}"
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(STOPS_WITHIN)

    @property
    def output(self) -> str:
        return self._log.read_text()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=PATIENCE_SECONDS).status_code == 200
        except httpx.TransportError:
            return False


def clean_environment(data: Path) -> dict[str, str]:
    """Return an environment without the tests' variables, except the data folder."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "DATA_DIR": str(data), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "error"}


def manage(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a management command on a data folder."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**clean_environment(data), **environment},
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
        check=False,
    )


def free_port() -> int:
    """Return an unused port below the ephemeral range, so that no client connection takes it meanwhile."""
    for _ in range(100):
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no free port was found in a hundred tries")


QUICKSTART = [sys.executable, "manage.py", "quickstart"]
DAPHNE = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "mcpsite.asgi:application"]
UVICORN = [sys.executable, "manage.py", "serve"]
