"""Fixtures for all tests: an operator, live skills, the in-process gateway."""

from __future__ import annotations

import copy
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import translation

from invocations.recording.recorder import recorder
from mcp_gateway.catalog import LiveCatalog
from mcpsite.asgi import application
from skills_registry import services
from skills_registry.catalog import get_catalog
from skills_registry.models import AuditEvent, Publication, Review, Skill, SkillVersion

from .support.aws_fixtures import dial, dynamodb_engine, dynamodb_url, mark_aws, ministack_url, s3_url, seaweedfs_url  # noqa: F401  # fixtures of all tests
from .support.call_logs import broken, dynamo, log  # noqa: F401  # fixtures of all tests
from .support.official_schemas import check_exchange
from .support.packages import package
from .support.patience import PATIENCE_SECONDS
from .support.prepared import prepared  # noqa: F401  # a fixture of all tests

# No deadline per example: its time depends on the machine's load.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")
LONGEST = [
    "test_crash_walk.py", "test_budgets.py", "test_migration.py", "test_outages.py", "test_endurance.py",
    "test_replicas.py", "test_withdrawing.py", "test_seed_acceptance.py", "test_stores_hang.py", "test_connections.py",
    "test_http_limits.py", "test_streams_of_servers.py", "test_losing_rights_of_servers.py", "test_fuzzing_server.py",
    "test_every_page.py", "test_browser_editing.py", "test_browser.py", "test_infrastructure.py",
]  # fmt: skip
"""Files that take minutes; they start first, so that none runs alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark tests, and put the longest files first."""
    mark_aws(items)
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONGEST)))


def publish(
    name: str = "greeter", body: str = "Say hello.", files: Mapping[str, str | bytes] = {}, **fields: str
) -> SkillVersion:
    """Store a version of a skill and publish it."""
    version, _ = services.create_version(package(name, body, files, **fields))
    services.publish(version.skill, version.number)
    version.skill.refresh_from_db()
    return version


def live(name: str = "greeter") -> str | None:
    """Return the label of a skill's live version, read from the database."""
    version = Skill.objects.select_related("live_version").get(name=name).live_version
    return version.label if version else None


def lose_registry() -> None:
    """Delete the registry's rows and keep the stored files."""
    Skill.objects.update(live_version=None)
    for model in (AuditEvent, Review, Publication, SkillVersion, Skill):
        model.objects.all().delete()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Close the connections of long-lived threads before the database is dropped."""
    yield
    recorder.close()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Any) -> Path:
    """An empty package store for each test; its folder."""
    location = tmp_path / "store"
    changed = copy.deepcopy(settings.STORAGES)
    changed["skills"]["OPTIONS"]["location"] = location
    settings.STORAGES = changed
    return location


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Start each test in English, because Django leaves the last response's language active in the thread."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def uses_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget failures to record the use of a token in an earlier test."""
    monkeypatch.setattr("mcp_gateway.auth.tokens._skip_noting_until", 0.0)


@pytest.fixture
def operator(db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("olga", "olga@example.com", "olgas-password")


@pytest.fixture
def browser(operator: User, client: Client) -> Client:
    """A test client, logged in as the operator."""
    client.force_login(operator)
    return client


@pytest.fixture
def author(db: None) -> User:
    """A user who may only view and upload skills."""
    user = User.objects.create_user("arno", password="arnos-password", is_staff=True)
    user.user_permissions.set(permissions("view_skill", "upload_skill"))
    return user


def permissions(*codenames: str) -> Any:
    """Return permissions of the registry."""
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=codenames)


@pytest.fixture
def flushed() -> Iterator[Callable[[], None]]:
    """A function that waits until everything recorded is written; also called at the end of the test."""

    def flush() -> None:
        assert recorder.flush(timeout=PATIENCE_SECONDS), "the recorder did not write in time"

    yield flush
    flush()


class Gateway:
    """An MCP client of the whole in-process ASGI application, which validates every answer by MCP's schemas."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        client.event_hooks["response"].append(_judge)

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """Send a raw POST; header names use `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            "/mcp", json=body, headers={"accept": "application/json, text/event-stream", **given}
        )

    async def legacy(
        self, method: str, params: dict[str, Any] | None = None, *, version: str = "2025-11-25", **headers: str
    ) -> Any:
        """Return the JSON-RPC answer to a legacy request."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return (await self.post(body, mcp_protocol_version=version, **headers)).json()

    async def modern(self, method: str, params: dict[str, Any] | None = None, **headers: str) -> Any:
        """Return the JSON-RPC answer to a request of 2026-07-28."""
        return (await self.post_modern(method, params, **headers)).json()

    async def post_modern(self, method: str, params: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a request of 2026-07-28 with its required envelope and headers."""
        params = params or {}
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
        }
        given = {"mcp_protocol_version": "2026-07-28", "mcp_method": method}
        if name := {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}.get(method):
            given["mcp_name"] = str(params.get(name))
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta, **params}}
        return await self.post(body, **{**given, **headers})


async def _judge(response: httpx.Response) -> None:
    asked = response.request
    # Except bodies sent in pieces, and failures that tests provoke.
    if asked.url.path != "/mcp" or not isinstance(asked.stream, httpx.ByteStream) or response.status_code >= 500:
        return
    versions = asked.headers.get_list("mcp-protocol-version")
    header = ", ".join(version.strip(" \t") for version in versions) if versions else None
    body = await response.aread()
    preflight = asked.method == "OPTIONS" and response.status_code == 200
    if asked.method != "HEAD" and not preflight:
        check_exchange(asked.content, header, response.status_code, response.headers, body)


@pytest.fixture
async def gateway(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, flushed: Callable[[], None]
) -> AsyncIterator[Gateway]:
    """The gateway with its own catalog, which checks for changes at every request."""
    catalog = LiveCatalog(get_catalog(), refresh_seconds=0, cache_bytes=1024 * 1024)
    monkeypatch.setattr("mcp_gateway.endpoint.live_catalog", catalog)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Gateway(client)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """With SKIPS_FAIL, turn a skipped test into a failed one."""
    report: Any = yield
    if report.skipped and os.environ.get("SKIPS_FAIL") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where everything must be there: {report.longrepr}"
    return report
