"""Skills as tools: their definitions and results."""

from __future__ import annotations

from typing import Any

from mcp_gateway.cached_settings import settings
from mcp_gateway.call import Call
from mcp_gateway.methods.resources import file_meta
from mcp_gateway.serving.invocable import argument_descriptions, description, invoke, title
from mcp_gateway.tool_names import READ_SKILL_FILE
from mcp_gateway.wire.large_texts import json_of
from mcp_gateway.wire.uris import SKILL_MD, file_uri
from skills_registry.catalog import PublishedSkill


def definition(skill: PublishedSkill) -> dict[str, Any]:
    """Return the tool definition in the newest revision's form."""
    return {
        "name": skill.name,
        "title": title(skill),
        "description": description(skill),
        "inputSchema": {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": about} for name, about in argument_descriptions(skill).items()
            },
            "additionalProperties": False,
        },
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    }


async def call_skill(call: Call, skill: PublishedSkill) -> dict[str, Any]:
    """Return the skill's instructions and links to its files. Raises BadArgument."""
    return {"content": [text_content(await json_of(await invoke(call, skill))), *_files(skill, call)], "isError": False}


def text_content(content: Any) -> dict[str, Any]:
    """Return a text content item; `content` is a string or its encoded JSON."""
    return {"type": "text", "text": content}


def _files(skill: PublishedSkill, call: Call) -> list[dict[str, Any]]:
    """Return the skill's other files, as links or, without link support (`MCP_RESOURCE_LINKS`), named in a text."""
    linked = call.era.has_resource_links and settings.MCP_RESOURCE_LINKS
    files: list[dict[str, Any]] = call.snapshot.get_or_build(
        ("files", skill.name, linked), lambda: _file_items(skill, linked=linked)
    )
    return files


def _file_items(skill: PublishedSkill, *, linked: bool) -> list[dict[str, Any]]:
    others = [file for file in skill.files if file.path != SKILL_MD]
    if linked:
        return [
            {
                "type": "resource_link",
                "uri": file_uri(skill.name, file.path),
                "name": file.path,
                "mimeType": file.media_type,
                "size": file.size,
                **file_meta(file),
            }
            for file in others
        ]
    uris = "\n".join(file_uri(skill.name, file.path) for file in others)
    how = f"read them as resources, or by path with {READ_SKILL_FILE}"
    return [text_content(f"Files of this skill ({how}):\n{uris}")] if others else []
