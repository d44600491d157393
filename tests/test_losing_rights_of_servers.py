"""Two real replicas, with Redis and without: a right that is lost through one is lost at the other, too."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support.gateway_asking import LEGACY, MODERN, VERSION, envelope, modern_headers, request
from .support.losing_rights import LOSSES, PROMISED_SECONDS
from .support.patience import PATIENCE_SECONDS
from .support.prepared import Prepared
from .support.redis_server import redis_server
from .support.server import UVICORN, Server, manage

AT_ONCE_SECONDS = 4.0
"""Less than what is known of a caller is used without asking again."""
LISTEN = "subscriptions/listen"
_HOLDERS = """
import json
from tests.support.losing_rights import LOSSES, holder
print(json.dumps({name: holder(loss, f"PREFIX-{number}")[2] for number, (name, loss) in enumerate(LOSSES.items())}))
"""
_LOSE = """
from django.contrib.auth.models import User
from tests.support.losing_rights import LOSSES
for number, loss in enumerate(LOSSES.values()):
    user = User.objects.get(username=f"PREFIX-{number}")
    loss.take(user, user.access_tokens.get())
"""


class World:
    """A folder with an operator."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def holders(self, prefix: str) -> dict[str, str]:
        """A token for each way of losing the right, of a user who has it; the users' names begin with `prefix`."""
        tokens: dict[str, str] = json.loads(self._run(_HOLDERS, prefix))
        return tokens

    def lose(self, prefix: str, **settings: str) -> None:
        """Let all these users lose the right, in a process of its own."""
        self._run(_LOSE, prefix, **settings)

    def _run(self, code: str, prefix: str, **settings: str) -> str:
        done = manage(self.data, "shell", "-v0", "--command", code.replace("PREFIX", prefix), **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def replicas(self, **settings: str) -> Iterator[list[Server]]:
        """Two servers that ask for tokens."""
        with Server(UVICORN, self.data, **settings) as one, Server(UVICORN, self.data, **settings) as two:
            yield [one, two]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> World:
    return World(shutil.copytree(prepared.operated, tmp_path_factory.mktemp("world") / "data"))


async def status(client: httpx.AsyncClient, server: Server, text: str) -> int:
    """The HTTP status of a call."""
    headers = {VERSION: LEGACY[-1], "authorization": f"Bearer {text}"}
    return (await client.post(f"{server.url}/mcp", json=request("tools/list"), headers=headers)).status_code


@asynccontextmanager
async def stream(client: httpx.AsyncClient, server: Server, text: str, era: str) -> AsyncIterator[asyncio.Task[None]]:
    """An open stream; a task that is done when the server has ended it."""
    headers = {"authorization": f"Bearer {text}", "accept": "application/json, text/event-stream"}
    if era == MODERN:
        params = {"notifications": {"toolsListChanged": True}, "_meta": envelope()}
        asked: dict[str, Any] = {"json": request(LISTEN, params), "headers": headers | modern_headers(LISTEN, params)}
        opening = client.stream("POST", f"{server.url}/mcp", **asked)
    else:
        opening = client.stream("GET", f"{server.url}/mcp", headers={**headers, VERSION: era})
    async with opening as response:
        assert response.status_code == 200

        async def to_the_end() -> None:
            async for _ in response.aiter_bytes():
                pass

        reading = asyncio.create_task(to_the_end())
        yield reading
        reading.cancel()


async def seconds_until_lost(
    client: httpx.AsyncClient, servers: list[Server], tokens: dict[str, str], streams: list[asyncio.Task[None]]
) -> float:
    """How long it takes until all calls are refused as they must be and all streams have ended; calls never stop."""
    began = time.monotonic()
    waiting = {(server.url, name): server for server in servers for name in tokens}
    while waiting or not all(reading.done() for reading in streams):
        for key, server in list(waiting.items()):
            if await status(client, server, tokens[key[1]]) == LOSSES[key[1]].status:
                del waiting[key]
        assert time.monotonic() < began + 4 * PROMISED_SECONDS, (waiting.keys(), streams)
        await asyncio.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("with_redis", [False, True], ids=["without Redis", "with Redis"])
async def test_every_loss_holds_at_all_replicas_within_five_seconds(
    world: World, tmp_path: Path, *, with_redis: bool
) -> None:
    prefix = "redis" if with_redis else "polling"
    tokens = world.holders(prefix)
    async with AsyncExitStack() as stack:
        settings = {"REDIS_URL": stack.enter_context(redis_server(tmp_path))} if with_redis else {}
        servers = stack.enter_context(world.replicas(**settings))
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=httpx.Limits()))
        streams = [
            await stack.enter_async_context(stream(client, server, text, era))
            for server in servers
            for text in tokens.values()
            for era in (LEGACY[-1], MODERN)
        ]
        for server in servers:
            assert {await status(client, server, text) for text in tokens.values()} == {200}
        assert not any(reading.done() for reading in streams)

        await asyncio.to_thread(world.lose, prefix, **settings)

        took = await seconds_until_lost(client, servers, tokens, streams)
    print(f"seconds until {len(LOSSES)} losses hold at two replicas: {took:.2f}")  # noqa: T201
    assert took < PROMISED_SECONDS


def change_user(server: Server, user: str, **values: list[str]) -> None:
    """Save a user's page in the admin with other values."""
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS, follow_redirects=True) as browser:

        def post(path: str, **fields: Any) -> httpx.Response:
            given = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], **fields}
            return browser.post(path, data=given, headers={"referer": server.url})

        browser.get("/admin/login/")
        post("/admin/login/", username="olga", password="olgas-password")
        listed = browser.get("/admin/auth/user/", params={"q": user}).text
        found = re.search(r"/admin/auth/user/(\d+)/change/", listed)
        assert found, listed
        joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
        saved = post(f"/admin/auth/user/{found[1]}/change/", username=user, **joined, **values)
        assert saved.url.path == "/admin/auth/user/", saved.text


async def test_loss_by_the_admin_of_one_replica_holds_at_once_at_the_other_with_redis(
    world: World, tmp_path: Path
) -> None:
    tokens = world.holders("admin")
    deactivated, removed = "owner deactivated", "user removed from the group"
    users = {name: f"admin-{list(tokens).index(name)}" for name in (deactivated, removed)}
    tokens = {name: tokens[name] for name in users}
    with redis_server(tmp_path) as url, world.replicas(REDIS_URL=url) as servers:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE_SECONDS))
            streams = [
                await stack.enter_async_context(stream(client, servers[1], text, MODERN)) for text in tokens.values()
            ]
            for name, text in tokens.items():
                active: dict[str, list[str]] = {} if name == deactivated else {"is_active": ["on"]}
                changing = asyncio.create_task(asyncio.to_thread(change_user, servers[0], users[name], **active))
                while not changing.done():
                    await status(client, servers[1], text)
                await changing
            took = await seconds_until_lost(client, servers, tokens, streams)
    assert took < AT_ONCE_SECONDS
