"""Requests to the gateway in every revision of MCP; answers are validated by the official JSON schemas."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable
from typing import Any

import httpx
from asgiref.sync import sync_to_async

from mcpsite.asgi import application
from skills_registry import services
from skills_registry.models import Skill, SkillVersion
from tests.conftest import Gateway, publish

from .official_schemas import check_answer
from .patience import PATIENCE_SECONDS

LEGACY = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
MODERN = "2026-07-28"
REVISIONS = [*LEGACY, MODERN]
BOTH = ["2025-11-25", MODERN]
"""One revision of each era."""

VERSION, METHOD, NAME, SESSION = "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id"
NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/initialized"}
RESPONSE = {"jsonrpc": "2.0", "id": 1, "result": {}}
META = "io.modelcontextprotocol"
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

apublish = sync_to_async(publish)


@sync_to_async
def switch_off(name: str = "greeter") -> None:
    """Deactivate a skill."""
    services.deactivate(Skill.objects.get(name=name))


@sync_to_async
def roll_back(name: str = "greeter") -> None:
    """Publish the version before the live one."""
    services.rollback(Skill.objects.get(name=name))


async def publish_all(*names: str) -> list[SkillVersion]:
    """Publish default skills with these names."""
    return [await apublish(name) for name in names]


def request(method: str, params: Any = None, *, message_id: Any = 1) -> dict[str, Any]:
    """Return a JSON-RPC request; without `params` if they are None."""
    given = {} if params is None else {"params": params}
    return {"jsonrpc": "2.0", "id": message_id, "method": method, **given}


def hello(revision: str) -> dict[str, Any]:
    """Return the params of `initialize`."""
    return {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}


def envelope(**changes: Any) -> dict[str, Any]:
    """Return the `_meta` of a modern request; `changes` are keys without prefix, None removes one."""
    meta = {"protocolVersion": MODERN, "clientCapabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    return {f"{META}/{key}": value for key, value in {**meta, **changes}.items() if value is not None}


def modern_headers(method: str, params: dict[str, Any]) -> dict[str, str]:
    """Return the required headers of a modern request."""
    headers = {VERSION: MODERN, METHOD: method}
    named = params.get(_NAMED_BY.get(method, ""))
    if isinstance(named, str):
        headers[NAME] = named if named.isascii() else base64_value(named)
    return headers


def base64_value(text: str) -> str:
    """Encode a text that a header cannot carry literally."""
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


async def send(
    gateway: Gateway, body: Any, headers: dict[str, str] | Iterable[tuple[str | bytes, str | bytes]] = ()
) -> httpx.Response:
    """Send a POST with these headers and those that every client sends."""
    given = list(headers.items()) if isinstance(headers, dict) else list(headers)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    usual = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")]
    return await gateway.client.post("/mcp", content=content, headers=[*usual, *given])


async def ask(
    gateway: Gateway, revision: str, method: str, params: dict[str, Any] | None = None, **headers: str
) -> dict[str, Any]:
    """Return the answer to a request, validated by the revision's schema."""
    params = params or {}
    if revision == MODERN:
        params = {"_meta": envelope(), **params}
        given = modern_headers(method, params)
    else:
        given = {VERSION: revision}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    response = await send(gateway, request(method, params), given)
    answer: dict[str, Any] = response.json()
    check_answer(answer, method, revision)
    return answer


async def result_of(
    gateway: Gateway, revision: str, method: str, params: dict[str, Any] | None = None, **headers: str
) -> dict[str, Any]:
    """Return the result of a request that must succeed."""
    answer = await ask(gateway, revision, method, params, **headers)
    result: dict[str, Any] = answer["result"]
    return result


async def error_of(
    gateway: Gateway, revision: str, method: str, params: dict[str, Any] | None = None, **headers: str
) -> dict[str, Any]:
    """Return the error of a request that must fail."""
    answer = await ask(gateway, revision, method, params, **headers)
    error: dict[str, Any] = answer["error"]
    return error


async def over_asgi(events: Iterable[dict[str, Any]], headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    """Send a POST as raw ASGI events and headers (plus `host`); return status and body."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mcp",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
    }
    waiting, sent = iter(events), list[Any]()

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(application(scope, receive, send), timeout=PATIENCE_SECONDS)
    return sent[0]["status"], sent[1]["body"]
