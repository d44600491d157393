"""A real server while S3, DynamoDB or Redis hangs: each door answers within what is documented, and all comes back.

The deadlines are set low, so that the tests are short; that they are the bound is what is tested.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support.aws_world import World
from .support.hanging import HangingProxy, Mode, hanging
from .support.packages import skill_md, zip_of
from .support.patience import wait_until
from .support.prepared import Prepared
from .support.redis_server import redis_server
from .support.server import Server
from .test_endurance import World as Local

REQUEST, TRANSFER = 4, 6
MARGIN = 15.0
"""What a busy machine adds."""
SOON = 15.0
"""How long what needs nothing that hangs may take on a busy machine."""
STOPS_WITHIN = 30.0
BACK_WITHIN = 60.0
DEADLINES = {
    "MCP_DEADLINE_SECONDS": str(REQUEST),
    "PAGE_DEADLINE_SECONDS": str(REQUEST),
    "TRANSFER_DEADLINE_SECONDS": str(TRANSFER),
    "MCP_SKILL_TOOLS": "search",
}
COLD = [f"cold-{number}" for number in range(12)]
HANGS = [Mode.HANG, Mode.HALF]


class Outage:
    """A server with what it depends on behind proxies, and somebody who is logged in and has a token."""

    def __init__(self, server: Server, token: str, s3: HangingProxy, dynamodb: HangingProxy) -> None:
        self.server = server
        self.s3 = s3
        self.dynamodb = dynamodb
        self.api = httpx.Client(
            base_url=f"{server.url}/api/v1/", timeout=90, headers={"authorization": f"Bearer {token}"}
        )
        self.admin = httpx.Client(base_url=f"{server.url}/admin/", timeout=90, follow_redirects=True)
        self.agent = httpx.Client(base_url=server.url, timeout=90)

    def log_in(self) -> None:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.admin.get("login/").text)
        assert found
        form = {"username": "olga", "password": "olgas-password", "csrfmiddlewaretoken": found[1], "next": "/admin/"}
        assert self.admin.post("login/", data=form, headers={"referer": str(self.admin.base_url)}).status_code == 200

    def close(self) -> None:
        for client in (self.api, self.admin, self.agent):
            client.close()

    def ask(self, method: str, **params: Any) -> Any:
        """The answer to a request of revision 2025-11-25."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"mcp-protocol-version": "2025-11-25", "accept": "application/json, text/event-stream"}
        return self.agent.post("/mcp", json=body, headers=headers).json()

    def call(self, skill: str) -> Any:
        return self.ask("tools/call", name=skill)

    def search(self) -> Any:
        return self.ask("tools/call", name="search_skills", arguments={"query": "greets people"})

    def ready(self) -> tuple[int, dict[str, Any]]:
        answer = self.agent.get("/readyz")
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, ministack_url: str, prepared: Prepared) -> World:
    """An installation with skills, of which `warm` has two versions, and an operator."""
    data = tmp_path_factory.mktemp("outages") / "data"
    found = World(data, ministack_url, ministack_url, like=prepared.operated)
    found.aws |= {"MCP_REQUIRE_AUTH": "false", "LOG_LEVEL": "ERROR"}
    names = ["warm", *COLD]
    found.publish_all(found.aws, [(name, {"SKILL.md": skill_md(name, f"Do {name}."), "a.txt": name}) for name in names])
    found.publish(found.aws, "warm", "Do it better.")
    return found


@pytest.fixture
def outage(world: World, prepared: Prepared, ministack_url: str, tmp_path: Path) -> Iterator[Outage]:
    with hanging(ministack_url) as s3, hanging(ministack_url) as dynamodb:
        settings = {**world.aws, **DEADLINES, "S3_ENDPOINT_URL": s3.url(), "DYNAMODB_ENDPOINT_URL": dynamodb.url()}
        with world.server(settings, SKILL_CACHE_DIR=str(tmp_path / "cache")) as server:
            with closing(Outage(server, prepared.token, s3, dynamodb)) as found:
                found.log_in()
                found.api.post("skills/warm/publish/", json={"version": 2})  # a test before may have left v1
                assert found.call("warm")["result"]["content"]
                yield found
            s3.mode = dynamodb.mode = Mode.FORWARD


def timed(call: Callable[[], Any], within: float) -> Any:
    """What a call returns, which must not take longer."""
    began = time.monotonic()
    found = call()
    took = time.monotonic() - began
    assert took < within, f"it took {took:.1f} s"
    return found


@pytest.mark.parametrize("mode", HANGS)
def test_while_s3_hangs_each_door_answers_in_time_and_all_comes_back(outage: Outage, mode: Mode) -> None:
    outage.s3.mode = mode
    with ThreadPoolExecutor(len(COLD)) as beside:
        cold = [beside.submit(timed, partial(outage.call, name), REQUEST + MARGIN) for name in COLD]
        assert timed(lambda: outage.call("warm"), SOON)["result"]["content"]
        assert timed(lambda: outage.ask("tools/list"), SOON)["result"]["tools"]
        found = timed(outage.search, 3 + MARGIN)
        assert found["result"]["structuredContent"]["skills"], "found by their descriptions"
        status, ready = timed(outage.ready, 3 + MARGIN)
        assert (status, ready["status"], ready["catalog"], ready["database"]) == (200, "degraded", "ok", "ok")
        for one in cold:
            error = one.result()["error"]
            assert (error["code"], error["data"]) == (-32603, {"retryAfter": 5})

    done = timed(lambda: outage.api.post("skills/warm/rollback/", json={}), 3 + MARGIN)
    assert done.status_code == 200
    assert outage.api.get("skills/warm/").json()["live_version"] == 1
    name = f"new-while-{mode.value}"
    upload = {"file": ("new.zip", zip_of({"SKILL.md": skill_md(name), "b.txt": "b" * 1000}))}
    refused = timed(lambda: outage.api.post("skills/", files=upload), TRANSFER + MARGIN)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    for page in ("", "invocations/invocation/", "skills_registry/skill/"):
        assert timed(partial(outage.admin.get, page), REQUEST + MARGIN).status_code == 200
    uri = "skill://cold-1/a.txt"
    assert "error" in timed(lambda: outage.ask("resources/read", uri=uri), SOON), "nobody waits any more"

    outage.s3.mode = Mode.FORWARD
    wait_until(lambda: "result" in outage.ask("resources/read", uri=uri), within=BACK_WITHIN)
    assert outage.api.post("skills/", files=upload).status_code == 201
    wait_until(lambda: outage.ready()[1]["status"] == "ok", within=BACK_WITHIN)
    assert outage.api.post("skills/warm/publish/", json={"version": 2}).status_code == 200


def test_files_on_the_disk_of_this_machine_are_served_while_s3_hangs(world: World, outage: Outage) -> None:
    settings = {**world.aws, **DEADLINES, "S3_ENDPOINT_URL": outage.s3.url()}
    cache = {"SKILL_CACHE_DIR": str(outage.server.data.parent / "kept")}
    with world.server(settings, **cache) as server, closing(Outage(server, "", outage.s3, outage.dynamodb)) as agent:
        assert agent.call("cold-1")["result"]
    outage.s3.mode = Mode.HANG
    with (
        world.server(settings, **cache) as server,
        closing(Outage(server, "", outage.s3, outage.dynamodb)) as agent,
        ThreadPoolExecutor(len(COLD)) as beside,
    ):
        cold = [beside.submit(agent.call, name) for name in COLD if name != "cold-1"]
        assert timed(lambda: agent.call("cold-1"), SOON)["result"]["content"]
        assert all("error" in one.result() for one in cold)


@pytest.mark.parametrize("mode", HANGS)
def test_while_dynamodb_hangs_each_door_answers_in_time_and_all_comes_back(outage: Outage, mode: Mode) -> None:
    outage.dynamodb.mode = mode
    with ThreadPoolExecutor(8) as beside:
        pages = [beside.submit(timed, lambda: outage.admin.get(""), REQUEST + MARGIN) for _ in range(4)]
        assert timed(lambda: outage.call("warm"), SOON)["result"]["content"]
        assert timed(lambda: outage.call("cold-1"), SOON)["result"]["content"]
        wait_until(lambda: timed(outage.ready, 3 + MARGIN)[1]["status"] == "degraded", within=BACK_WITHIN)
        status, ready = outage.ready()
        assert (status, ready["store"], ready["database"]) == (200, "ok", "ok")
        assert [page.result().status_code for page in pages] == [200] * 4
    assert timed(lambda: outage.admin.get("invocations/invocation/"), REQUEST + MARGIN).status_code in (200, 503)
    assert timed(lambda: outage.api.get("logs/"), REQUEST + MARGIN).status_code == 503
    done = timed(lambda: outage.api.post("skills/warm/rollback/", json={}), 3 + MARGIN)
    assert done.status_code == 200
    assert timed(lambda: outage.admin.get(""), SOON).status_code == 200, "nobody waits any more"

    outage.dynamodb.mode = Mode.FORWARD
    wait_until(lambda: outage.ready()[1]["status"] == "ok", within=BACK_WITHIN)
    assert outage.api.post("skills/warm/publish/", json={"version": 2}).status_code == 200
    wait_until(lambda: outage.api.get("logs/").status_code == 200, within=BACK_WITHIN)


def test_process_ends_in_time_while_everything_hangs(outage: Outage) -> None:
    outage.s3.mode = outage.dynamodb.mode = Mode.HANG
    with ThreadPoolExecutor(len(COLD) + 1) as beside:
        cold = [beside.submit(outage.call, name) for name in COLD]
        wait_until(lambda: outage.s3.held > 0, within=10)
        timed(outage.server.stop, STOPS_WITHIN)
        assert all(one.exception() or one.result() for one in cold)


def test_process_that_starts_while_dynamodb_hangs_becomes_ready_by_itself(world: World, outage: Outage) -> None:
    outage.dynamodb.mode = Mode.HANG
    settings = {**world.aws, **DEADLINES, "DYNAMODB_ENDPOINT_URL": outage.dynamodb.url()}
    server = world.server(settings)
    server.begin()
    late = Outage(server, "", outage.s3, outage.dynamodb)
    try:
        wait_until(lambda: answers(late), within=60)
        status, ready = timed(late.ready, 3 + MARGIN)
        assert (status, ready["status"], ready["database"]) == (503, "unavailable", "ok")
        outage.dynamodb.mode = Mode.FORWARD
        wait_until(lambda: late.ready()[0] == 200, within=BACK_WITHIN)
        assert late.call("warm")["result"]["content"]
    finally:
        late.close()
        server.stop()


def answers(outage: Outage) -> bool:
    try:
        return outage.agent.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("mode", [*HANGS, Mode.TRICKLE])
def test_while_redis_hangs_callers_wait_a_second_at_most_and_soon_not_at_all(
    tmp_path: Path, prepared: Prepared, mode: Mode
) -> None:
    with redis_server(tmp_path) as url, hanging(url) as proxy:
        settings = {"REDIS_URL": proxy.url("redis"), "RATE_LIMIT_PER_MINUTE": "100000"}
        served = Local(tmp_path / "data", prepared.examples, settings).server()
        with served as server, closing(Outage(server, "", proxy, proxy)) as agent:
            assert agent.call("hello-world")["result"]["content"]
            proxy.mode = mode
            assert timed(lambda: agent.call("hello-world"), 1 + SOON)["result"]["content"]
            for _ in range(20):
                assert timed(lambda: agent.call("hello-world"), 1 + SOON)["result"]["content"]
            status, ready = timed(agent.ready, 3 + MARGIN)
            assert (status, ready["catalog"]) == (200, "ok")
            # A word that trickles is there within a readiness check's time.
            assert ready["status"] == ("ok" if mode is Mode.TRICKLE else "degraded")
            proxy.mode = Mode.FORWARD
            wait_until(lambda: agent.ready()[1]["status"] == "ok", within=BACK_WITHIN)
            proxy.mode = mode
            timed(server.stop, STOPS_WITHIN)


def test_too_many_pages_at_once_are_refused_and_health_is_still_told(world: World, outage: Outage) -> None:
    settings = {**world.aws, **DEADLINES, "S3_ENDPOINT_URL": outage.s3.url(), "PAGES_AT_ONCE": "2"}
    with world.server(settings) as server, closing(Outage(server, "", outage.s3, outage.dynamodb)) as busy:
        busy.api.headers["authorization"] = outage.api.headers["authorization"]
        outage.s3.mode = Mode.HANG
        held = outage.s3.held

        def upload(name: str) -> dict[str, tuple[str, bytes]]:
            return {"file": ("new.zip", zip_of({"SKILL.md": skill_md(name)}))}

        with ThreadPoolExecutor(2) as beside:
            slow = [beside.submit(busy.api.post, "skills/", files=upload(name)) for name in ("one", "two")]
            wait_until(lambda: outage.s3.held > held + 1, within=10)
            refused = busy.api.get("skills/")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert busy.ready()[0] == 200
            assert {one.result().status_code for one in slow} <= {503, 409}
