"""tools/list and tools/call: every skill that models may use is a tool, and what the deployment adds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from mcp_gateway.call import Call
from mcp_gateway.catalog import Snapshot
from mcp_gateway.eras import Era, fitting
from mcp_gateway.eras.mirrored import check_mirrored
from mcp_gateway.invocable import BadArgument, argument_descriptions, invoke, is_tool, title
from mcp_gateway.jsonrpc import INVALID_PARAMS, JsonRpcError
from mcp_gateway.paging import Listing
from mcp_gateway.uris import SKILL_MD, file_uri
from skills_registry.catalog import PublishedSkill

PAGE_SIZE = 1000


async def list_tools(call: Call) -> dict[str, Any]:
    """In order of name, the same at every call of one generation."""
    snapshot, era = call.snapshot, call.era
    listing = snapshot.once(("tools", era.lists), lambda: Listing.of("tools", _tools(snapshot, era)))
    return listing.page(call.params, size=PAGE_SIZE)


async def call_tool(call: Call) -> dict[str, Any]:
    """The skill's instructions, and links to its files.

    An unknown tool is a protocol error; a bad argument is a result with `isError`, so that the
    model sees it and can mend it (2026-07-28: server/tools, "Error Handling").
    """
    name = call.text("name")
    skill = call.snapshot.skills.get(name)
    if skill is None or not is_tool(skill):
        return await _call_other(call, name)
    try:
        text = await invoke(call, skill)
    except BadArgument as error:
        return {"content": [_text(str(error))], "isError": True}
    return {"content": [_text(text), *_files(skill, call)], "isError": False}


async def _call_other(call: Call, name: str) -> dict[str, Any]:
    tool = call.snapshot.offers.tool(name)
    if tool is None:
        raise JsonRpcError(INVALID_PARAMS, f"Unknown tool: {name:.100}")
    if call.era.modern:
        check_mirrored(tool.mirrored, call.arguments(), call.sender.headers)
    return fitting.fit_tool_result(call.era, await tool.call(call))


def _tools(snapshot: Snapshot, era: Era) -> Iterator[tuple[str, dict[str, Any]]]:
    for skill in snapshot.skills.values():
        if is_tool(skill):
            yield skill.name, fitting.fit_tool(era, definition(skill))
    for tool in snapshot.offers.tools:
        yield tool.name, fitting.fit_tool(era, tool.definition)


def definition(skill: PublishedSkill) -> dict[str, Any]:
    """What `tools/list` says of a skill."""
    when = skill.frontmatter.get("when_to_use")
    return {
        "name": skill.name,
        "title": title(skill),
        "description": f"{skill.description}\n{when}" if isinstance(when, str) else skill.description,
        "inputSchema": {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": about} for name, about in argument_descriptions(skill).items()
            },
            "additionalProperties": False,
        },
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    }


def _files(skill: PublishedSkill, call: Call) -> list[dict[str, Any]]:
    """The skill's other files: as links, or named in a text where the revision or the deployment has no links."""
    others = [file for file in skill.files if file.path != SKILL_MD]
    if call.era.has_resource_links and settings.MCP_RESOURCE_LINKS:
        return [
            {
                "type": "resource_link",
                "uri": file_uri(skill.name, file.path),
                "name": file.path,
                "mimeType": file.media_type,
                "size": file.size,
            }
            for file in others
        ]
    uris = "\n".join(file_uri(skill.name, file.path) for file in others)
    return [_text(f"Files of this skill, to be read as resources:\n{uris}")] if others else []


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
