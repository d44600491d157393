"""A gateway process that reports the cost of commands over stdin and stdout; see `storage.py`.

Each input line is a command with its arguments, each output line a JSON object:
`start`: the first snapshot; `refresh GENERATION`: until a newer snapshot is served; `calls N`: N tools/call.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import django
from botocore.httpsession import URLLib3Session

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
django.setup()

from invocations.recording.recorder import recorder  # noqa: E402
from mcp_gateway.catalog import live_catalog  # noqa: E402
from mcpsite.asgi import application  # noqa: E402

_asked: Counter[str] = Counter()


def count_requests() -> None:
    """Count this process's AWS requests by operation."""
    send = URLLib3Session.send

    def counting(self: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", request.method)
        name = target.decode() if isinstance(target, bytes) else str(target)
        if "list-type=2" in request.url:
            name = "ListObjectsV2"
        _asked[name.rpartition(".")[2]] += 1
        return send(self, request)

    URLLib3Session.send = counting


async def main() -> None:
    """Execute commands until stdin ends."""
    count_requests()
    for line in iter(sys.stdin.readline, ""):
        command, *arguments = line.split()
        _asked.clear()
        began, own = time.perf_counter(), time.thread_time()
        found = await COMMANDS[command](*arguments)
        seconds, own_seconds = time.perf_counter() - began, time.thread_time() - own
        answer = {"seconds": seconds, "own_seconds": own_seconds, "requests": dict(_asked), "rss_mib": rss(), **found}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    recorder.close()


async def start() -> dict[str, Any]:
    """Load the first snapshot."""
    before = rss()
    snapshot = await live_catalog.snapshot()
    return {"skills": len(snapshot.skills), "generation": snapshot.generation, "added_mib": rss() - before}


async def refresh(generation: str) -> dict[str, Any]:
    """Poll until a snapshot newer than `generation` is served."""
    asked = 0
    while (snapshot := await live_catalog.snapshot()).generation <= int(generation):
        asked += 1
        await asyncio.sleep(0.01)
    return {"generation": snapshot.generation, "asked": asked}


async def calls(count: str) -> dict[str, Any]:
    """Make `count` tools/call of the first skill through the whole ASGI application."""
    name = next(iter((await live_catalog.snapshot()).skills))
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name}}).encode()
    scope = {
        "type": "http", "method": "POST", "path": "/mcp", "raw_path": b"/mcp", "query_string": b"", "root_path": "",
        "scheme": "http", "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [
            (b"host", b"127.0.0.1"), (b"content-type", b"application/json"),
            (b"accept", b"application/json, text/event-stream"), (b"mcp-protocol-version", b"2025-11-25"),
        ],
    }  # fmt: skip
    statuses: Counter[int] = Counter()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses[message["status"]] += 1

    for _ in range(int(count)):
        await application(dict(scope), receive, send)
    return {"statuses": dict(statuses)}


def rss() -> float:
    """Return the current resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {"start": start, "refresh": refresh, "calls": calls}

if __name__ == "__main__":
    asyncio.run(main())
