"""Each server process says that it lives and what it serves; the database may be away meanwhile."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from mcp_gateway import replicas
from mcp_gateway.models import GatewayReplica

from .support.aws_world import ask
from .support.patience import wait_until
from .support.prepared import Prepared
from .support.server import DAPHNE, UVICORN, Server, manage

TABLE = "mcp_gateway_gatewayreplica"
QUICK = {"MCP_HEARTBEAT_SECONDS": "1", "MCP_REQUIRE_AUTH": "false"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Path:
    """The folder of a registry with one published skill."""
    data = shutil.copytree(prepared.empty, tmp_path_factory.mktemp("heartbeat") / "data")
    imported = manage(data, "import_skills", "--publish", "examples/skills/hello-world")
    assert imported.returncode == 0, imported.stderr
    return data


def rows(data: Path) -> dict[int, tuple[str, int | None]]:
    """Server and generation of each process that is listed, by its number."""
    with closing(sqlite3.connect(data / "db.sqlite3", timeout=20)) as database:
        found = database.execute("select pid, server, generation from mcp_gateway_gatewayreplica").fetchall()
    return {pid: (server.split()[0], generation) for pid, server, generation in found}


def eventually(data: Path, expected: Callable[[dict[int, tuple[str, int | None]]], bool]) -> None:
    wait_until(lambda: expected(rows(data)), lambda: rows(data))


@contextmanager
def table_renamed(data: Path) -> Iterator[None]:
    """The table of the processes cannot be written."""

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(data / "db.sqlite3", timeout=20)) as database:
            database.execute(f"alter table {old} rename to {new}")

    rename(TABLE, "gone")
    yield
    rename("gone", TABLE)


@pytest.mark.parametrize("command", [UVICORN, DAPHNE])
def test_process_that_nobody_has_called_yet_says_at_once_what_it_serves(data: Path, command: list[str]) -> None:
    server = Server(command, data, MCP_HEARTBEAT_SECONDS="3600")
    server.begin()
    try:
        eventually(data, lambda found: found.get(server.process.pid, ("", None))[1] is not None)
    finally:
        server.stop()


def test_processes_are_listed_while_they_live_with_what_they_serve(data: Path) -> None:
    with Server(UVICORN, data, **QUICK) as first, Server(DAPHNE, data, **QUICK) as second:
        servers = {first.process.pid: "uvicorn", second.process.pid: "daphne"}
        eventually(
            data, lambda found: {pid: name for pid, (name, generation) in found.items() if generation} == servers
        )
    assert rows(data) == {}


def test_process_that_nobody_calls_follows_the_catalog_all_the_same(data: Path) -> None:
    with Server(UVICORN, data, **QUICK) as server:
        ask(server, "tools/list")
        eventually(data, lambda found: found.get(server.process.pid, ("", None))[1] is not None)
        generation = rows(data)[server.process.pid][1]
        assert generation
        assert manage(data, "import_skills", "--publish", "examples/skills/calculator").returncode == 0
        eventually(data, lambda found: (found[server.process.pid][1] or 0) > generation)


def test_killed_process_stays_listed(data: Path) -> None:
    with Server(UVICORN, data, **QUICK) as server:
        eventually(data, lambda found: server.process.pid in found)
        server.stop(signal.SIGKILL)
    assert server.process.pid in rows(data)
    assert str(server.process.pid) in manage(data, "list_gateways").stdout


def test_process_serves_on_while_it_cannot_be_listed_and_is_listed_again(data: Path) -> None:
    with Server(UVICORN, data, **QUICK) as server:
        with table_renamed(data):
            wait_until(lambda: "could not write the heartbeat" in server.output, lambda: server.output)
            assert ask(server, "tools/list")["tools"]
        eventually(data, lambda found: server.process.pid in found)
    assert server.output.count("could not write the heartbeat") == 1


@pytest.mark.django_db
def test_process_is_silent_once_it_was_not_heard_of_three_times(settings: Any) -> None:
    settings.MCP_HEARTBEAT_SECONDS = 15
    now = timezone.now()
    for number, ago in enumerate((1, 44, 46)):
        GatewayReplica.objects.create(
            id=f"{number:032}", host="a", pid=number, started_at=now, last_seen=now - timedelta(seconds=ago)
        )
    assert [replica.is_silent for replica in replicas.list_replicas()] == [False, False, True]
