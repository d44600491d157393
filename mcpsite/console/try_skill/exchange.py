"""Sends the messages of an MCP client to this process's gateway, for any protocol revision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings

from mcp_gateway.endpoint import SESSION_HEADER, mcp_endpoint
from mcp_gateway.in_process import KEY, InProcessRequest
from mcp_gateway.server_info import SERVER_INFO
from mcp_gateway.wire.eras import legacy, modern
from mcpsite.http.request_id import RequestIdMiddleware

CLIENT = {"name": "Try it", "version": SERVER_INFO["version"]}
"""Client name in the log."""
VERSIONS = (modern.VERSION, *legacy.VERSIONS)

_HAS_VERSION_HEADER = "2025-06-18"
"""Clients of earlier revisions send no revision header."""

# Adds the request id by which the call can be found in the log.
_gateway = RequestIdMiddleware(mcp_endpoint)


@dataclass(frozen=True)
class Exchange:
    """One message and its answer as on the wire; `milliseconds` until the complete answer."""

    method: str
    sent_headers: Mapping[str, str]
    sent: bytes
    status: int
    headers: Mapping[str, str]
    received: bytes
    milliseconds: float

    @property
    def answer(self) -> Any:
        """The JSON answer; None if it is not JSON."""
        try:
            return orjson.loads(self.received)
        except orjson.JSONDecodeError:
            return None


async def converse(version: str, method: str, params: Mapping[str, Any], inside: InProcessRequest) -> list[Exchange]:
    """Call a method as a client of this revision does; before 2026-07-28, with the handshake first."""
    if version == modern.VERSION:
        return [await _post(method, *_modern(method, params), inside)]
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
    headers = {"mcp-protocol-version": version} if version >= _HAS_VERSION_HEADER else {}
    exchanges = [await _post("initialize", {}, _request("initialize", hello, 1), inside)]
    session = exchanges[0].headers.get(SESSION_HEADER)
    if session is not None:
        headers[SESSION_HEADER] = session
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    exchanges.append(await _post("notifications/initialized", headers, ready, inside))
    exchanges.append(await _post(method, headers, _request(method, params, 2), inside))
    return exchanges


def _modern(method: str, params: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return headers and message of revision 2026-07-28."""
    headers = {modern.VERSION_HEADER: modern.VERSION, modern.METHOD_HEADER: method}
    if method in modern.NAME_PARAMETER:
        headers[modern.NAME_HEADER] = str(params[modern.NAME_PARAMETER[method]])
    envelope = {modern.VERSION_KEY: modern.VERSION, modern.CLIENT_KEY: CLIENT, modern.CAPABILITIES_KEY: {}}
    return headers, _request(method, {**params, "_meta": envelope}, 1)


def _request(method: str, params: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


async def _post(
    method: str, headers: Mapping[str, str], message: Mapping[str, Any], inside: InProcessRequest
) -> Exchange:
    body = orjson.dumps(message)
    sent = {"content-type": "application/json", "accept": "application/json, text/event-stream", **headers}
    raw = {"host": urlsplit(settings.PUBLIC_URL).netloc, **sent}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mcp",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in raw.items()],
        KEY: inside,
    }
    arrived: list[MutableMapping[str, Any]] = []
    requests = [{"type": "http.request", "body": body}]

    async def receive() -> MutableMapping[str, Any]:
        # After its request, the client stays connected and silent.
        return requests.pop() if requests else await asyncio.get_running_loop().create_future()

    async def send(event: MutableMapping[str, Any]) -> None:
        arrived.append(event)

    started = time.perf_counter()
    await _gateway(scope, receive, send)
    took = (time.perf_counter() - started) * 1000
    begin, *rest = arrived
    received = {name.decode(): value.decode("latin-1") for name, value in begin["headers"]}
    answer = b"".join(event.get("body", b"") for event in rest)
    return Exchange(method, sent, body, begin["status"], received, answer, took)
