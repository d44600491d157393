"""The official SDK's low-level server with the skills below $SKILLS; stateless, plain JSON answers.

Answers are built once, so that each call costs only a lookup and the SDK's own work.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

Context = ServerRequestContext[Any, Any]
PAGE_SIZE = 100

tools: dict[str, types.Tool] = {}
answers: dict[str, types.CallToolResult] = {}
resources: dict[str, types.ReadResourceResult] = {}
entries: list[dict[str, Any]] = []

for path in sorted(Path(os.environ["SKILLS"]).iterdir()):
    text = (path / "SKILL.md").read_text()
    _, head, body = text.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    files = {
        f"skill://{path.name}/{file.relative_to(path)}": file for file in sorted(path.rglob("*")) if file.is_file()
    }
    tools[path.name] = types.Tool(
        name=path.name,
        description=fields["description"],
        input_schema={
            "type": "object",
            "properties": {"arguments": {"type": "string", "description": "What to apply the skill to."}},
            "additionalProperties": False,
        },
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )
    links = [
        types.ResourceLink(type="resource_link", uri=uri, name=file.name, mime_type="text/markdown")
        for uri, file in files.items()
        if file.name != "SKILL.md"
    ]
    answers[path.name] = types.CallToolResult(content=[types.TextContent(type="text", text=body), *links])
    for uri, file in files.items():
        contents = types.TextResourceContents(uri=uri, mime_type="text/markdown", text=file.read_text())
        resources[uri] = types.ReadResourceResult(contents=[contents])
    entries.append(
        {
            "uri": f"skill://{path.name}/SKILL.md",
            "frontmatter": fields,
            "resources": [
                {
                    "uri": uri,
                    "digest": f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}",
                    "size": file.stat().st_size,
                }
                for uri, file in files.items()
            ],
        }
    )


async def list_tools(context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    """Handle tools/list."""
    return types.ListToolsResult(tools=list(tools.values()))


async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Handle tools/call."""
    return answers[params.name]


async def read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    """Handle resources/read."""
    return resources[str(params.uri)]


async def list_skills(context: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
    """Handle skills/list."""
    return {"skills": entries[:PAGE_SIZE]}


server: Server[Any] = Server("skills", on_list_tools=list_tools, on_call_tool=call_tool, on_read_resource=read_resource)
server.add_request_handler("skills/list", types.PaginatedRequestParams, list_skills)
app = server.streamable_http_app(json_response=True, stateless_http=True)
