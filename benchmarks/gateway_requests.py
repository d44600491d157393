"""The measured requests, as bytes to send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ERAS = ("2026-07-28", "2025-11-25")
PREPARED = 256
"""Number of different requests: ids and skill names vary, as with many clients."""
_NAMED_BY = {"tools/call": "name", "resources/read": "uri"}


@dataclass(frozen=True, slots=True)
class Call:
    """A method on a catalog of `skills` skills."""

    method: str
    skills: int

    def params(self, server: str, number: int) -> dict[str, Any]:
        """Return the parameters of the request with this number."""
        name = f"skill-{number * 7919 % self.skills:04}"
        uri = f"skill://{name}/SKILL.md"
        if self.method == "tools/call":
            if server == "fastmcp":
                return {"name": "read_resource", "arguments": {"uri": uri}}
            return {"name": name, "arguments": {"arguments": f"number {number}"}} if server != "sdk" else {"name": name}
        return {"uri": uri} if self.method == "resources/read" else {}

    def is_answered(self, body: bytes) -> bool:
        """Return whether an answer is a result; False if the server does not support the method."""
        answer = json.loads(body) if body.startswith(b"{") else {}
        if "result" in answer and not answer["result"].get("isError"):
            return True
        if self.method == "skills/list":
            return False
        raise SystemExit(f"{self.method} was refused: {body[:1000].decode()}")


def calls(sizes: Sequence[int]) -> list[Call]:
    """Return all measured calls, on catalogs of three sizes."""
    small, middle, large = sizes
    return [
        Call("tools/call", small),
        Call("tools/list", middle),
        Call("skills/list", middle),
        Call("resources/read", middle),
        Call("tools/list", large),
        Call("tools/call", large),
    ]


def prepared(server: str, call: Call, era: str, token: str) -> list[bytes]:
    """Return the requests to send in turn."""
    return [_request(call.method, call.params(server, number), 1000 + number, era, token) for number in range(PREPARED)]


def prepared_bare(requests: Sequence[bytes], size: int) -> list[bytes]:
    """Return the same requests for the bare application, which answers with `size` bytes."""
    return [request.replace(b"POST /mcp ", b"POST /%d " % size, 1) for request in requests]


def _request(method: str, params: dict[str, Any], message_id: int, era: str, token: str) -> bytes:
    headers = {
        "Host": "127.0.0.1:8000",
        "User-Agent": "benchmark/1.0",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "MCP-Protocol-Version": era,
    }
    if era == ERAS[0]:
        headers["Mcp-Method"] = method
        if method in _NAMED_BY:
            headers["Mcp-Name"] = params[_NAMED_BY[method]]
        meta = {
            "io.modelcontextprotocol/protocolVersion": era,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1.0"},
        }
        params = {**params, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": message_id, "method": method, "params": params}).encode()
    headers["Content-Length"] = str(len(body))
    head = "\r\n".join(["POST /mcp HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())])
    return head.encode() + b"\r\n\r\n" + body
