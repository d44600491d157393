"""Sample providers for the gateway's extension point."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import Any

from mcp_gateway import providers
from mcp_gateway.providers import Offers, Prompt, ProviderCall, Resource, Template, Tool
from mcp_gateway.wire.jsonrpc import INVALID_PARAMS, JsonRpcError

NOTHING_NEEDED = {"type": "object", "properties": {}}
waiting = asyncio.Event()
"""Set while `wait_long` waits."""
cancelled = asyncio.Event()
"""Set after `wait_long` was cancelled."""
more: list[Tool] = []
notes: list[Resource] = []


async def count(call: ProviderCall) -> dict[str, Any]:
    for step in range(3):
        await call.progress(step * 50, 100, f"step {step}")
        await call.log("info", {"step": step}, "counter")
        await call.log("debug", "a detail")
    return {"content": [{"type": "text", "text": "counted"}], "structuredContent": {"steps": 3}}


async def show(call: ProviderCall) -> dict[str, Any]:
    data = base64.b64encode(b"data").decode()
    return {
        "content": [
            {"type": "text", "text": "look", "annotations": {"priority": 1, "lastModified": "2026-01-01T00:00:00Z"}},
            {"type": "image", "data": data, "mimeType": "image/png"},
            {"type": "audio", "data": data, "mimeType": "audio/wav"},
            {"type": "resource", "resource": {"uri": "note://one", "mimeType": "text/plain", "text": "1"}},
            {"type": "resource_link", "uri": "note://one", "name": "one"},
        ]
    }


async def fail(call: ProviderCall) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": "this went wrong"}], "isError": True}


async def refuse(call: ProviderCall) -> dict[str, Any]:
    raise JsonRpcError(17, "not today", {"until": "tomorrow"})


async def need(call: ProviderCall) -> dict[str, Any]:
    call.require_client("sampling")
    return {"content": []}


async def wait_long(call: ProviderCall) -> dict[str, Any]:
    waiting.set()
    await call.progress(1)
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        cancelled.set()
        raise
    return {"content": []}


async def grow(call: ProviderCall) -> dict[str, Any]:
    more.append(Tool({"name": f"grown_{len(more)}", "inputSchema": NOTHING_NEEDED}, fail))
    providers.changed()
    return {"content": []}


async def write(call: ProviderCall) -> dict[str, Any]:
    providers.updated(call.arguments()["uri"])
    return {"content": []}


async def tell(call: ProviderCall) -> dict[str, Any]:
    told = f"{call.caller_name} sees {', '.join(call.skill_names)}"
    return {"content": [{"type": "text", "text": told}]}


async def greet(call: ProviderCall) -> dict[str, Any]:
    who = call.arguments().get("who")
    if who is None:
        raise JsonRpcError(INVALID_PARAMS, "who is missing")
    return {"messages": [{"role": "user", "content": {"type": "text", "text": f"Greet {who}."}}]}


async def read_note(call: ProviderCall) -> dict[str, Any]:
    uri = call.text("uri")
    return {"contents": [{"uri": uri, "mimeType": "text/plain", "text": uri.rpartition("/")[2]}]}


async def suggest(call: ProviderCall, argument: str, typed: str, others: Mapping[str, str]) -> Sequence[str]:
    return [f"{argument}:{typed}{number:03}{others.get('where', '')}" for number in range(150)]


def provide() -> Offers:
    """Return everything that these tests offer; named in `MCP_PROVIDERS`."""
    handlers = [count, show, fail, refuse, need, wait_long, grow, write, tell]
    return Offers(
        tools=[*(Tool(_definition(handler.__name__), handler) for handler in handlers), *more],
        prompts=[
            Prompt(
                {
                    "name": "greet_by_name",
                    "title": "Greet",
                    "arguments": [{"name": "who", "title": "Who", "required": True}],
                },
                greet,
                suggest,
            )
        ],
        resources=[
            Resource(
                {"uri": "note://one", "name": "one", "title": "One", "icons": [{"src": "https://x/i.png"}]}, read_note
            ),
            *notes,
        ],
        templates=[Template({"uriTemplate": "note://{where}/{+path}", "name": "notes"}, read_note, suggest)],
        logging=True,
    )


def provide_twice() -> Offers:
    """Offer a tool with a name that `provide` also uses."""
    return Offers(tools=[Tool({"name": "count_", "inputSchema": NOTHING_NEEDED}, count)])


def provide_skill_name() -> Offers:
    """Offer a tool with the name of a skill."""
    return Offers(tools=[Tool({"name": "greeter", "inputSchema": NOTHING_NEEDED}, count)])


def provide_skill_address() -> Offers:
    """Offer a resource with the URI of a skill's file."""
    return Offers(templates=[Template({"uriTemplate": "skill://{x}", "name": "x"}, read_note)])


def provide_broken() -> Offers:
    """Offer a tool without a name."""
    return Offers(tools=[Tool({"inputSchema": NOTHING_NEEDED}, count)])


def _definition(name: str) -> dict[str, Any]:
    return {
        "name": f"{name}_",
        "title": name.capitalize(),
        "description": f"Does {name}.",
        "inputSchema": NOTHING_NEEDED,
        "annotations": {"readOnlyHint": True},
        "_meta": {"example.com/x": 1},
    }
