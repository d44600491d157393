"""The product as its users start it: real servers, real processes, the official client."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client.client import Client

from .support.packages import skill_md
from .support.patience import PATIENCE_SECONDS, wait_until
from .support.prepared import Prepared
from .support.server import DAPHNE, QUICKSTART, ROOT, UVICORN, Server, free_port, manage

EXAMPLES = sorted(path.name for path in (ROOT / "examples" / "skills").iterdir())


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What `make run` starts, on an empty folder."""
    data = tmp_path_factory.mktemp("quickstart") / "data"
    with Server(QUICKSTART, data, MCP_REQUIRE_AUTH="false") as server:
        yield server


def rows(data: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(data / "db.sqlite3")) as database:
        return database.execute(query).fetchall()


def eventually(data: Path, query: str, expected: list[Any]) -> None:
    """Poll until the query has the expected result; calls are written a moment after they are answered."""
    wait_until(
        lambda: rows(data, query) == expected,
        lambda: f"{query}\nfound {rows(data, query)}\nexpected {expected}",
    )


def test_first_start_prints_everything_one_needs_to_begin(quickstart: Server) -> None:
    output = quickstart.output
    assert f"Admin    {quickstart.url}/admin/" in output
    assert f"claude mcp add --transport http skillkeeper {quickstart.url}/mcp" in output
    password = next(line for line in output.splitlines() if "Account" in line).split()[3]
    with httpx.Client(base_url=quickstart.url, follow_redirects=True, timeout=PATIENCE_SECONDS) as browser:
        browser.get("/admin/login/")
        form = {"username": "admin", "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        page = browser.post("/admin/login/?next=/admin/skills_registry/skill/", data=form)
    for name in EXAMPLES:
        assert name in page.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_official_client_lists_and_calls_every_example(quickstart: Server, mode: Any) -> None:
    before = dict(rows(quickstart.data, "select skill, invocation_count from invocations_skillcounter"))
    async with Client(f"{quickstart.url}/mcp", mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == sorted([*EXAMPLES, "read_skill_file"])
        for name in EXAMPLES:
            result = await client.call_tool(name, {})
            assert not result.is_error
            assert result.content[0].type == "text"
    expected = sorted((name, before.get(name, 0) + 1) for name in EXAMPLES)
    eventually(quickstart.data, "select skill, invocation_count from invocations_skillcounter order by skill", expected)
    eventually(
        quickstart.data,
        "select skill, count(*) from invocations_invocation group by skill order by skill",
        expected,
    )


def test_websocket_is_refused_and_nothing_fails(quickstart: Server) -> None:
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", **key}
    assert httpx.get(f"{quickstart.url}/mcp", headers=headers, timeout=PATIENCE_SECONDS).status_code == 403
    assert "Traceback" not in quickstart.output


def test_second_start_loses_nothing_and_makes_no_second_account(tmp_path: Path) -> None:
    data = tmp_path / "data"
    account = {"DJANGO_SUPERUSER_USERNAME": "olga", "DJANGO_SUPERUSER_PASSWORD": "olgas-password"}
    with Server(QUICKSTART, data, **account) as server:
        assert "olga / the password from DJANGO_SUPERUSER_PASSWORD" in server.output
        assert "olgas-password" not in server.output
        assert "a token is required" in server.output
    with closing(sqlite3.connect(data / "db.sqlite3")) as database:
        database.execute("update skills_registry_skill set live_version_id = null where name = 'calculator'")
        database.commit()
    with Server(QUICKSTART, data, **account) as server:
        assert "olga (existing" in server.output
    assert rows(data, "select count(*) from skills_registry_skillversion") == [(len(EXAMPLES),)]
    assert rows(data, "select live_version_id from skills_registry_skill where name = 'calculator'") == [(None,)]
    assert rows(data, "select username from auth_user") == [("olga",)]


def test_port_that_is_taken_is_said_in_a_line(quickstart: Server, tmp_path: Path) -> None:
    done = manage(tmp_path / "data", "quickstart", PORT=str(quickstart.port))
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{quickstart.port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_package_store_that_is_away_is_said_in_a_line(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    away = {"STORAGE_BACKEND": "s3", "S3_ENDPOINT_URL": nowhere, "DYNAMODB_ENDPOINT_URL": nowhere, **keys}
    done = manage(tmp_path / "data", "quickstart", PORT=str(free_port()), **away)
    assert done.returncode == 1
    assert "The package store is not responding" in done.stderr
    assert "Traceback" not in done.stderr


def test_publish_in_another_process_is_served_within_a_second(quickstart: Server, tmp_path: Path) -> None:
    folder = tmp_path / "fresh-skill"
    folder.mkdir()

    def serve(body: str) -> float:
        (folder / "SKILL.md").write_text(skill_md("fresh-skill", body))
        assert manage(quickstart.data, "import_skills", str(folder), "--publish").returncode == 0
        published = time.monotonic()
        while body not in call_tool(quickstart, "fresh-skill"):
            assert time.monotonic() < published + 10
        return time.monotonic() - published

    assert serve("First text.") < 1
    assert serve("Second text.") < 1


def call_tool(server: Server, name: str) -> str:
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name}}
    return httpx.post(f"{server.url}/mcp", json=request, timeout=PATIENCE_SECONDS).text


@pytest.mark.parametrize("command", [DAPHNE, UVICORN], ids=["daphne", "uvicorn"])
def test_calls_are_written_before_the_server_stops(prepared: Prepared, tmp_path: Path, command: list[str]) -> None:
    data = shutil.copytree(prepared.examples, tmp_path / "data")
    with Server(command, data, MCP_REQUIRE_AUTH="false") as server:
        for _ in range(25):
            assert "isError" in call_tool(server, "hello-world")
        server.stop(signal.SIGTERM)
    assert rows(data, "select count(*) from invocations_invocation") == [(25,)]
    assert rows(data, "select skill, invocation_count from invocations_skillcounter") == [("hello-world", 25)]
    assert "Traceback" not in server.output
