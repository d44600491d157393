"""The compared servers, each a pinned process, with the same skills."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.server import ROOT, clean_environment, free_port

PEERS = ROOT / ".venv" / "peers" / "bin" / "python"
STARTS_WITHIN = 120.0
GRANIAN = ROOT / ".venv" / "granian"
SERVE_ON = {
    "uvicorn": [
        "-m",
        "uvicorn",
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--log-level",
        "warning",
    ],
    "granian": ["-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--no-ws", "--log-level", "warning"],
}
"""Python arguments that serve an application on each ASGI server, with one process."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running server; `token` is the one it requires, if any."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    token: str

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.process.pid

    def wait(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/1")
            except httpx.TransportError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"a server did not start:\n{self.log.read_text()}") from None
                time.sleep(0.05)
            else:
                return


def write_skills(folder: Path, count: int) -> None:
    """Write `count` skills of about 2 KB with one more file each."""
    for number in range(count):
        root = folder / f"skill-{number:04}"
        (root / "references").mkdir(parents=True)
        (root / "SKILL.md").write_text(
            f"---\nname: {root.name}\n"
            f"description: Does thing {number}. Use when somebody asks for thing {number} and for nothing else.\n"
            f"---\n\n# Thing {number}\n\n" + "Follow these steps with care, one after the other.\n" * 40
        )
        (root / "references" / "guide.md").write_text(f"# Guide to thing {number}\n" + "More about it.\n" * 20)


@contextmanager
def running(name: str, folder: Path, skills: Path, core: int, on: str) -> Iterator[Running]:
    """Run skillkeeper, bare, fastmcp or sdk on one of SERVE_ON."""
    port = free_port()
    serve = [*SERVE_ON[on], "--port", str(port)]
    if name == "skillkeeper":
        environment, token = _installation(folder, skills)
        command = [sys.executable, *serve, "mcpsite.asgi:application"]
    elif name == "bare":
        environment, token = clean_environment(folder), ""
        command = [sys.executable, *serve, "benchmarks.peers.bare:app"]
    else:
        environment, token = {**clean_environment(folder), "SKILLS": str(skills)}, ""
        command = [str(PEERS), *serve, f"benchmarks.peers.{name}_app:app"]
    log = folder / "log"
    with log.open("w") as output, pinned(core):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(GRANIAN) if on == "granian" else ""},
            stdout=output,
            stderr=output,
        )
    try:
        yield Running(port, process, log, token)
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Pin this process, and processes started within the block, to one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _installation(folder: Path, skills: Path) -> tuple[Mapping[str, str], str]:
    """Create an installation with all skills published; return a token."""
    data = folder / "data"
    environment = {
        **clean_environment(data),
        "MCP_REQUIRE_AUTH": "true",
        "MCP_SKILL_TOOLS": "each",
        "LOG_LEVEL": "WARNING",
    }
    for arguments in (
        ["migrate"],
        ["import_skills", str(skills), "--publish"],
        ["createsuperuser", "--username", "olga", "--email", "olga@example.com", "--no-input"],
    ):
        _manage(environment, *arguments)
    return environment, _manage(environment, "create_token", "--user", "olga").strip()


def _manage(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment, "DJANGO_SUPERUSER_PASSWORD": "only-for-the-benchmark"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"manage.py {arguments[0]} failed:\n{done.stderr}")
    return done.stdout
