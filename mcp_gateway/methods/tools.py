"""tools/list and tools/call: a tool per model-invocable skill, or search tools; and tools of providers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.catalog import Snapshot
from mcp_gateway.serving.invocable import BadArgument, is_tool
from mcp_gateway.wire.eras import Era, fitting
from mcp_gateway.wire.eras.mirrored import check_mirrored_arguments
from mcp_gateway.wire.jsonrpc import INVALID_PARAMS, JsonRpcError
from mcp_gateway.wire.paging import Listing

from . import search_tools, skill_tools

PAGE_SIZE = 1000


async def list_tools(call: Call) -> dict[str, Any]:
    """List the tools by name."""
    snapshot, era = call.snapshot, call.era
    listing = snapshot.get_or_build(("tools", era.lists), lambda: Listing.of("tools", _tools(snapshot, era)))
    return listing.page(call.params, size=PAGE_SIZE)


async def call_tool(call: Call) -> dict[str, Any]:
    """Call a skill's tool (even if unlisted), a search tool or a provider's tool.

    An unknown tool is a protocol error. A bad argument is a result with `isError`, so that the
    model can correct it (2026-07-28: server/tools, "Error Handling").
    """
    name = call.text("name")
    skill = call.snapshot.skills.get(name)
    try:
        if skill is not None and is_tool(skill):
            return await skill_tools.call_skill(call, skill)
        if search := search_tools.find(name):
            return fitting.fit_tool_result(call.era, await search(call))
    except BadArgument as error:
        return {"content": [skill_tools.text_content(str(error))], "isError": True}
    return await _call_provider_tool(call, name)


async def _call_provider_tool(call: Call, name: str) -> dict[str, Any]:
    tool = call.snapshot.offers.tool(name)
    if tool is None:
        raise JsonRpcError(INVALID_PARAMS, f"Unknown tool: {name:.100}")
    if call.era.modern:
        check_mirrored_arguments(tool.mirrored_arguments, call.arguments(), call.sender.headers)
    return fitting.fit_tool_result(call.era, await tool.call(call))


def _tools(snapshot: Snapshot, era: Era) -> Iterator[tuple[str, dict[str, Any]]]:
    for definition in _definitions(snapshot):
        yield definition["name"], fitting.fit_tool(era, definition)


def _definitions(snapshot: Snapshot) -> Iterator[Any]:
    if search_tools.are_search_tools_listed(snapshot):
        yield from search_tools.DEFINITIONS
    else:
        yield from (skill_tools.definition(skill) for skill in snapshot.skills.values() if is_tool(skill))
        if search_tools.is_file_reader_listed(snapshot):
            yield search_tools.FILE_READER
    yield from (tool.definition for tool in snapshot.offers.tools)
