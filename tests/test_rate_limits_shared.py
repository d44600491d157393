"""Limits of callers across replicas: shared through Redis, each by itself while that is away."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from mcp_gateway.ratelimit.rules import Limits
from mcp_gateway.ratelimit.shared import FAILURES, SharedLimits

from .support.gateway_asking import envelope, modern_headers, request
from .support.hanging import Mode, hanging
from .support.patience import PATIENCE_SECONDS, wait_until
from .support.prepared import Prepared
from .support.redis_server import redis_server
from .support.server import UVICORN, Server, free_port
from .support.threads import at_once

AWAY = "Redis does not answer; each replica limits callers by itself for now"
USUAL = {"accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Path:
    """A database without skills."""
    return Path(shutil.copytree(prepared.empty, tmp_path_factory.mktemp("limits") / "data"))


@contextmanager
def replica(data: Path, redis_url: str, **environment: str) -> Iterator[Server]:
    with Server(UVICORN, data, REDIS_URL=redis_url, MCP_REQUIRE_AUTH="false", **environment) as server:
        yield server


client = httpx.Client(headers=USUAL, timeout=PATIENCE_SECONDS, verify=False)  # noqa: S501  # nothing here is https


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    """No connection is left open."""
    yield
    client.close()


def asked(server: Server) -> int:
    """The status of one request."""
    answer = client.post(f"{server.url}/mcp", json=request("tools/list"))
    assert (answer.status_code == 429) == ("retry-after" in answer.headers)
    return answer.status_code


@contextmanager
def waiting(server: Server) -> Iterator[None]:
    """A request that runs meanwhile."""
    params = {"name": "wait_long_", "_meta": {**envelope(), "progressToken": 1}}
    headers, body = modern_headers("tools/call", params), request("tools/call", params)
    with client.stream("POST", f"{server.url}/mcp", json=body, headers=headers) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines()  # the connection ends when nobody reads it any more
        first = next(line for line in lines if line.startswith("data:"))
        assert json.loads(first.removeprefix("data:"))["method"] == "notifications/progress"
        yield
        lines.close()  # type: ignore[attr-defined]  # a generator


def test_two_replicas_together_let_in_what_the_rate_allows(data: Path, tmp_path: Path) -> None:
    # One more is allowed every 20 seconds.
    with (
        redis_server(tmp_path) as url,
        replica(data, url, RATE_LIMIT_PER_MINUTE="3") as one,
        replica(data, url, RATE_LIMIT_PER_MINUTE="3") as two,
    ):
        began = time.monotonic()
        counted = Counter(at_once(asked, [one, two] * 6))
        assert time.monotonic() - began < 20
        assert AWAY not in one.output + two.output
    assert counted == {200: 3, 429: 9}


def test_place_that_is_taken_on_one_replica_is_taken_on_the_other(data: Path, tmp_path: Path) -> None:
    limits = {"RATE_LIMIT_CONCURRENT": "1", "MCP_PROVIDERS": "tests.support.offered.provide"}
    with (
        redis_server(tmp_path) as url,
        replica(data, url, **limits) as one,
        replica(data, url, **limits) as two,
        redis.Redis.from_url(url) as database,
    ):
        with waiting(one):
            assert [asked(two), asked(one)] == [429, 429]
            (key,) = database.keys("skillkeeper:limit:*:running")
            assert 0 < database.ttl(key) <= 61, "a replica that is killed keeps no place"
        wait_until(lambda: asked(two) != 429, "the place is not given back")
        wait_until(lambda: not database.keys("skillkeeper:limit:*:running"), "places are left in Redis")


def test_redis_that_goes_away_leaves_each_replica_its_own_limits(data: Path, tmp_path: Path) -> None:
    port = free_port()
    with (
        replica(data, f"redis://127.0.0.1:{port}", RATE_LIMIT_PER_MINUTE="3") as one,
        replica(data, f"redis://127.0.0.1:{port}", RATE_LIMIT_PER_MINUTE="3") as two,
    ):
        with redis_server(tmp_path, port):
            assert [asked(server) for server in (one, two, one, two)] == [200, 200, 200, 429]
        assert [asked(server) for server in (two, two, two, two)] == [200, 200, 200, 429]
        assert two.output.count(AWAY) == 1
        with redis_server(tmp_path, port):
            wait_until(lambda: asked(two) == 200, "Redis is not asked again")


def test_redis_that_hangs_costs_one_wait_now_and_then(data: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with replica(data, f"redis://127.0.0.1:{silent.getsockname()[1]}", RATE_LIMIT_PER_MINUTE="30") as server:
            began = time.monotonic()
            assert [asked(server) for _ in range(5)] == [200] * 5
            assert time.monotonic() - began < 3
            assert AWAY in server.output


def test_redis_whose_answers_trickle_keeps_a_thread_waiting_for_a_second_at_most(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url, hanging(url) as proxy:
        shared = SharedLimits(proxy.url("redis"))
        shared.acquire_blocking("someone", Limits(per_minute=1000))
        proxy.mode = Mode.TRICKLE
        with pytest.raises(FAILURES):  # each byte comes in time, the answer as a whole does not
            shared.acquire_blocking("someone", Limits(per_minute=1000))
