"""Streams of real servers: told across replicas, a thousand at once, and ended when the server stops."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support.gateway_asking import envelope, modern_headers, request
from .support.packages import skill_md
from .support.patience import PATIENCE_SECONDS
from .support.prepared import Prepared
from .support.redis_server import redis_server
from .support.server import DAPHNE, UVICORN, Server, manage

LISTEN = "subscriptions/listen"
TOOLS_CHANGED = "notifications/tools/list_changed"
STREAMS = 1000
HEAD_SECONDS = 10.0
"""Well before the first comment that keeps a silent stream open, with which the head used to come."""


class World:
    """A folder with one live skill, and an operator who publishes through the API."""

    def __init__(self, folder: Path, prepared: Prepared) -> None:
        self.data = shutil.copytree(prepared.operated, folder / "data")
        skill = folder / "greeter"
        skill.mkdir()
        (skill / "SKILL.md").write_text(skill_md(name="greeter"))
        done = manage(self.data, "import_skills", "--publish", str(skill))
        assert done.returncode == 0, done.stdout + done.stderr
        self.headers = {"authorization": f"Bearer {prepared.token}"}

    def server(self, command: list[str] = UVICORN, **settings: str) -> Server:
        """A server on this folder that asks nobody for a token on /mcp."""
        return Server(command, self.data, MCP_REQUIRE_AUTH="false", **settings)

    async def change(self, server: Server, *, live: bool) -> None:
        """Make the skill live, or not, through this server."""
        url = f"{server.url}/api/v1/skills/greeter"
        async with httpx.AsyncClient(headers=self.headers, timeout=PATIENCE_SECONDS) as client:
            operation = ("publish", {"version": 1}) if live else ("deactivate", {})
            answer = await client.post(f"{url}/{operation[0]}/", json=operation[1])
            assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> World:
    """One for all tests; each leaves the skill live."""
    return World(tmp_path_factory.mktemp("world"), prepared)


class Reader:
    """A client with one stream, as little of it as there can be: a thousand run in the tests' own process."""

    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._reader, self._writer = streams

    @classmethod
    async def open(cls, server: Server, *uris: str) -> Reader:
        """Ask for changes of the tools, and of resources, and wait for the acknowledgement."""
        reader = cls(await asyncio.open_connection("127.0.0.1", server.port))
        wish = {"toolsListChanged": True, "resourceSubscriptions": uris}
        params = {"notifications": wish, "_meta": envelope()}
        body = json.dumps(request(LISTEN, params)).encode()
        given = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))}
        given |= {"accept": "application/json, text/event-stream", **modern_headers(LISTEN, params)}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        reader._writer.write(f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + body)
        assert (await reader.message())["method"] == "notifications/subscriptions/acknowledged"
        return reader

    async def message(self) -> dict[str, Any]:
        """The next message, whatever HTTP puts around it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (line := await self._reader.readline()).startswith(b"data: "):
                assert line, "the stream has ended"
        message: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
        return message

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read()

    async def close(self) -> None:
        """Go away."""
        self._writer.close()
        await self._writer.wait_closed()


async def tools(server: Server) -> list[str]:
    """The names of the tools that a server has."""
    params = {"_meta": envelope()}
    headers = {**modern_headers("tools/list", params), "accept": "application/json"}
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        answer = await client.post(f"{server.url}/mcp", json=request("tools/list", params), headers=headers)
    return [tool["name"] for tool in answer.json()["result"]["tools"]]


async def latencies(world: World, one: Server, two: Server, changes: int) -> list[float]:
    """Seconds from the answer to a change through one server to word of it from the other."""
    reader, found = await Reader.open(two), []
    for number in range(changes):
        live = number % 2 == 1
        await world.change(one, live=live)
        began = time.monotonic()
        assert (await reader.message())["method"] == TOOLS_CHANGED
        found.append(time.monotonic() - began)
        assert await tools(two) == (["greeter"] if live else [])
    await reader.close()
    return found


async def test_replica_tells_at_once_of_what_is_published_on_another_with_redis(world: World, tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        settings: Any = {"REDIS_URL": url, "MCP_REFRESH_MILLISECONDS": "600000"}
        with world.server(**settings) as one, world.server(**settings) as two:
            found = await latencies(world, one, two, 10)
    print("seconds until another replica's stream tells:", [round(seconds, 3) for seconds in found])  # noqa: T201
    assert sorted(found)[len(found) // 2] < 2


async def test_resource_that_a_provider_has_changed_is_told_by_every_replica_once(world: World, tmp_path: Path) -> None:
    call = {"name": "write_", "arguments": {"uri": "note://one"}}
    with redis_server(tmp_path) as url:
        settings: Any = {"REDIS_URL": url, "MCP_PROVIDERS": "tests.support.offered.provide"}
        with world.server(**settings) as one, world.server(**settings) as two:
            readers = [await Reader.open(server, "note://one") for server in (one, two)]
            for _ in range(2):
                async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                    answer = await client.post(f"{one.url}/mcp", json=request("tools/call", call))
                assert answer.json()["result"] == {"content": []}
                for reader in readers:
                    assert (await reader.message())["params"]["uri"] == "note://one"
            await world.change(one, live=False)
            for reader in readers:
                assert (await reader.message())["method"] == TOOLS_CHANGED, "nothing was told twice"
                await reader.close()
            await world.change(one, live=True)


async def test_replica_tells_of_what_is_published_on_another_without_redis(world: World) -> None:
    with world.server() as one, world.server() as two:
        assert max(await latencies(world, one, two, 4)) < 10


async def test_thousand_streams_of_one_process_are_told_while_calls_are_answered(world: World) -> None:
    limits: Any = {"MCP_MAX_STREAMS_PER_CALLER": str(STREAMS)}
    with world.server(**limits) as server:
        assert await tools(server) == ["greeter"]
        before = memory_kib(server)
        readers = [await Reader.open(server) for _ in range(STREAMS)]
        grown = memory_kib(server) - before

        began = time.monotonic()
        assert await tools(server) == ["greeter"]
        called = time.monotonic() - began
        await world.change(server, live=False)
        began = time.monotonic()
        told, listed = await asyncio.gather(asyncio.gather(*(reader.message() for reader in readers)), tools(server))
        took = time.monotonic() - began

        print(f"{STREAMS} streams: {grown} KiB; a call {called:.3f} s; all told in {took:.3f} s")  # noqa: T201
        assert [message["method"] for message in told] == [TOOLS_CHANGED] * STREAMS
        assert listed == []
        assert grown < 200 * STREAMS
        await asyncio.gather(*(reader.close() for reader in readers))
        await world.change(server, live=True)
        assert await tools(server) == ["greeter"]


@pytest.mark.parametrize("command", [UVICORN, DAPHNE], ids=["uvicorn", "daphne"])
async def test_head_of_a_stream_is_sent_before_anything_has_changed(world: World, command: list[str]) -> None:
    with world.server(command) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"text/event-stream" in head
        async with asyncio.timeout(HEAD_SECONDS):
            await (await Reader.open(server)).close()


@pytest.mark.parametrize(("command", "says_so"), [(UVICORN, True), (DAPHNE, False)], ids=["uvicorn", "daphne"])
async def test_streams_end_when_the_server_stops(world: World, command: list[str], *, says_so: bool) -> None:
    with world.server(command) as server:
        reader = await Reader.open(server)
        began = time.monotonic()
        await asyncio.to_thread(server.stop)
        took = time.monotonic() - began
        rest = await reader.rest()
        await reader.close()

    assert took < 15
    assert (b'"resultType":"complete"' in rest) or not says_so
    assert "Traceback" not in server.output


def memory_kib(server: Server) -> int:
    """What a server's process has in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
