"""Connections to PostgreSQL: how many there are, and what happens while it is stopped or silent."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from .support.packages import skill_md
from .support.patience import wait_until
from .support.postgresql_server import PostgresqlServer, Wire, postgresql_server, wire_to  # noqa: F401  # a fixture
from .support.prepared import Prepared
from .support.redis_server import redis_server
from .support.server import UVICORN, Server, manage
from .support.threads import at_once

WITHIN, READY_WITHIN = 10 + 2, 3 + 2
"""Seconds that are promised, and some for a busy machine."""
CLIENTS, REQUESTS = 150, 2
SIZE = 6
SOON = 20.0


class Site:
    """A data folder and database with an operator, a token of theirs and a skill that is live."""

    def __init__(self, data: Path, static: Path, postgresql: PostgresqlServer) -> None:
        self.data = data
        shutil.copytree(static, data / "static")
        self.postgresql = postgresql
        self.run("migrate")
        made = "User.objects.create_superuser('olga', password='olgas-password')"
        self.run("shell", "-c", f"from django.contrib.auth.models import User; {made}")
        self.token = self.run("create_token", "--user", "olga").splitlines()[0]
        self.headers = {"authorization": f"Bearer {self.token}"}

    def run(self, *arguments: str) -> str:
        done = manage(self.data, *arguments, DATABASE_URL=self.postgresql.url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def server(self, **environment: str) -> Server:
        settings = {"DATABASE_URL": self.postgresql.url, "DATABASE_POOL_SIZE": str(SIZE), **environment}
        return Server(UVICORN, self.data, **settings)

    def through(self, wire: Wire) -> str:
        """The database's URL on a wire to it."""
        return self.postgresql.url.replace(str(self.postgresql.port), str(wire.port))

    @contextmanager
    def lock(self, table: str) -> Iterator[Callable[[], None]]:
        """Nobody else can read a table; a function that ends it before the block does."""
        with psycopg.connect(self.postgresql.url) as connection:
            connection.execute(SQL("LOCK TABLE {}").format(Identifier(table)))
            yield connection.rollback

    def connections(self, condition: str = "") -> int:
        """How many connections there are that a condition holds for."""
        with psycopg.connect(self.postgresql.url, autocommit=True) as connection:
            return _count(connection, condition)

    @contextmanager
    def watched(self) -> Iterator[list[int]]:
        """How many connections there were, counted all the time."""
        counts: list[int] = []
        done = threading.Event()

        def count() -> None:
            with psycopg.connect(self.postgresql.url, autocommit=True) as connection:
                while not done.is_set():
                    counts.append(_count(connection))
                    done.wait(0.05)

        thread = threading.Thread(target=count)
        thread.start()
        try:
            yield counts
        finally:
            done.set()
            thread.join()


def _count(connection: psycopg.Connection[Any], condition: str = "") -> int:
    others = f"backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name = '' {condition}"
    row = connection.execute(SQL("SELECT count(*) FROM pg_stat_activity WHERE {}").format(SQL(others))).fetchone()
    assert row
    return int(row[0])


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    prepared: Prepared,
    postgresql_server: PostgresqlServer,  # noqa: F811
) -> Site:
    return Site(tmp_path_factory.mktemp("site") / "data", prepared.empty / "static", postgresql_server)


@pytest.fixture(scope="module")
def live_skill(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Something to serve."""
    folder = tmp_path_factory.mktemp("skills") / "greeter"
    folder.mkdir()
    (folder / "SKILL.md").write_text(skill_md())
    site.run("import_skills", str(folder), "--publish")


async def ask_together(url: str, headers: dict[str, str]) -> Counter[int]:
    """What all clients are answered, each of which asks several times."""
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=300, limits=limits) as client:

        async def ask() -> list[int]:
            return [(await client.get("/api/v1/skills/")).status_code for _ in range(REQUESTS)]

        found = await asyncio.gather(*(ask() for _ in range(CLIENTS)))
    return Counter(status for statuses in found for status in statuses)


def test_many_clients_share_few_connections_and_idle_ones_are_closed(site: Site) -> None:
    with site.server(DATABASE_POOL_TIMEOUT_SECONDS="200", PAGE_DEADLINE_SECONDS="200") as server:
        with site.watched() as counts:
            answered = asyncio.run(ask_together(server.url, site.headers))
        assert answered == {200: CLIENTS * REQUESTS}
        assert 1 <= max(counts) <= SIZE
        wait_until(lambda: site.connections() <= 2, within=5 * SIZE + 10)
        assert server.stop() in (0, -15)
        assert "Traceback" not in server.output
    wait_until(lambda: site.connections() == 0, within=SOON)


def test_clients_that_go_and_slow_readers_keep_no_connection(site: Site) -> None:
    with site.server(DATABASE_POOL_SIZE="2") as server:
        for _ in range(12):
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{server.url}/api/v1/skills/", headers=site.headers, timeout=0.002)
        for _ in range(4):
            assert httpx.get(f"{server.url}/api/v1/skills/", headers=site.headers, timeout=30).status_code == 200


def test_wait_for_a_connection_ends_in_503(site: Site) -> None:
    """A lock keeps what has all the connections waiting."""
    with site.server(DATABASE_POOL_SIZE="2", DATABASE_POOL_TIMEOUT_SECONDS="1") as server, site.lock("auth_user"):
        asked = at_once(lambda _: timed(server, "/api/v1/skills/", site.headers), range(4))
    assert {answer.status_code for answer, _ in asked} == {503}
    assert {answer.headers["retry-after"] for answer, _ in asked} == {"5"}
    assert max(seconds for _, seconds in asked) < WITHIN


# PostgreSQL takes bytes and never answers, or is not there


def timed(server: Server, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> tuple[httpx.Response, float]:
    """The answer, and how long it took."""
    began = time.monotonic()
    answer = httpx.get(f"{server.url}{path}", headers=dict(headers), timeout=60)
    return answer, time.monotonic() - began


def tools(server: Server, headers: dict[str, str]) -> int:
    """The status of a list of tools, as agents ask for it."""
    asking = {**headers, "accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = httpx.post(f"{server.url}/mcp", json=body, headers=asking, timeout=10)
    assert answer.status_code != 200 or "greeter" in answer.text
    return answer.status_code


def test_silent_database_is_503_in_time_and_then_at_once(site: Site, live_skill: None) -> None:
    with wire_to(site.postgresql.port) as wire, site.server(DATABASE_URL=site.through(wire)) as server:
        assert timed(server, "/api/v1/skills/", site.headers)[0].status_code == 200
        assert tools(server, site.headers) == 200

        wire.passes.clear()
        wait_until(
            lambda: timed(server, "/readyz")[0].json()["status"] == "degraded", within=SOON
        )  # an answer is kept for a second
        ready, seconds = timed(server, "/readyz")
        found = ready.json()
        assert (ready.status_code, found["status"], found["store"]) == (200, "degraded", "ok"), "it serves from memory"
        assert seconds < READY_WITHIN
        for path in ("/api/v1/skills/", "/admin/"):
            answer, seconds = timed(server, path, {**site.headers, "cookie": "sessionid=abcdefgh"})
            assert (answer.status_code, seconds < WITHIN) == (503, True), (path, seconds)
        durations = sorted(timed(server, "/api/v1/skills/", site.headers)[1] for _ in range(9))
        assert durations[4] < 1, durations
        assert tools(server, site.headers) == 200

        wire.passes.set()
        wait_until(lambda: timed(server, "/api/v1/skills/", site.headers)[0].status_code == 200, within=SOON)
        assert timed(server, "/readyz")[0].status_code == 200


def test_database_that_falls_silent_over_a_statement_is_503_in_time(site: Site) -> None:
    with (
        wire_to(site.postgresql.port) as wire,
        site.server(DATABASE_URL=site.through(wire)) as server,
        site.lock("auth_user") as unlock,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(timed, server, "/api/v1/skills/", site.headers)
        wait_until(lambda: site.connections("AND wait_event_type = 'Lock'") == 1, within=SOON)
        wire.passes.clear()
        unlock()
        answer, seconds = asked.result()
    assert (answer.status_code, seconds < WITHIN) == (503, True), seconds


def test_statement_that_takes_too_long_is_ended_by_postgresql(site: Site) -> None:
    with site.server(DATABASE_STATEMENT_TIMEOUT_SECONDS="1") as server, site.lock("auth_user"):
        answer, seconds = timed(server, "/api/v1/skills/", site.headers)
        assert answer.status_code == 503
        assert seconds < WITHIN
        assert timed(server, "/readyz")[0].status_code == 200


def test_command_waits_as_long_as_it_takes(site: Site) -> None:
    with site.lock("auth_user") as unlock:
        threading.Timer(4, unlock).start()
        environment = {"DATABASE_URL": site.postgresql.url, "DATABASE_STATEMENT_TIMEOUT_SECONDS": "1"}
        assert manage(site.data, "list_tokens", **environment).returncode == 0


def test_stopped_database_is_503_within_seconds_and_the_next_one_is_used(site: Site, live_skill: None) -> None:
    with site.server() as server:
        assert timed(server, "/api/v1/skills/", site.headers)[0].status_code == 200
        assert tools(server, site.headers) == 200
        site.postgresql.stop()
        try:
            for path in ("/api/v1/skills/", "/admin/"):
                answer, seconds = timed(server, path, {**site.headers, "cookie": "sessionid=abcdefgh"})
                assert (answer.status_code, seconds < READY_WITHIN) == (503, True), (path, seconds)
            assert tools(server, site.headers) == 200
        finally:
            site.postgresql.start()
        wait_until(lambda: timed(server, "/api/v1/skills/", site.headers)[0].status_code == 200, within=SOON)


def test_known_token_opens_while_redis_tells_of_changes_and_the_database_is_stopped(
    site: Site, live_skill: None, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as url, site.server(REDIS_URL=url) as server:
        assert tools(server, site.headers) == 200
        site.postgresql.stop()
        try:
            for _ in range(3):
                tell_of_a_change(tmp_path / "elsewhere", url)
                assert [tools(server, site.headers) for _ in range(3)] == [200] * 3
            tell_of_a_change(tmp_path / "elsewhere", url, revoked="token:1")
            wait_until(lambda: tools(server, site.headers) == 503, within=SOON)
        finally:
            site.postgresql.start()
        wait_until(lambda: tools(server, site.headers) == 200, within=SOON)


def tell_of_a_change(data: Path, redis_url: str, revoked: str = "") -> None:
    """As another replica does."""
    script = (
        f"from mcp_gateway import replica_messages as sent; sent.announce_change({revoked!r}); sent._send_pool.drain(5)"
    )
    done = manage(data, "shell", "--no-imports", "-c", script, REDIS_URL=redis_url)
    assert (done.returncode, done.stderr) == (0, "")
