"""resources/list and resources/read: every file of every skill, byte for byte."""

from __future__ import annotations

import base64
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.jsonrpc import INVALID_PARAMS, RESOURCE_NOT_FOUND, JsonRpcError
from mcp_gateway.paging import page_of
from mcp_gateway.uris import SKILL_MD
from skills_registry.catalog import PublishedFile, PublishedSkill, text_of

PAGE_SIZE = 1000


async def list_resources(call: Call) -> dict[str, Any]:
    """In order of URI."""
    files, sized = call.snapshot.files, call.era.has_resource_size
    entries = call.snapshot.once(
        ("resources", sized),
        lambda: [_resource(uri, skill, file, sized) for uri, (skill, file) in files.items()],
    )
    return page_of(list(files), entries, call.params, name="resources", size=PAGE_SIZE)


async def read_resource(call: Call) -> dict[str, Any]:
    """One file, unchanged: as text where it is UTF-8, else as base64, so that its digest can be verified."""
    uri = call.text("uri")
    entry = call.snapshot.files.get(uri)
    if entry is None:
        code = INVALID_PARAMS if call.era.modern else RESOURCE_NOT_FOUND
        raise JsonRpcError(code, f"Resource not found: {uri}", {"uri": uri})
    skill, file = entry
    content = await call.catalog.read(skill, file)
    text = text_of(content)
    body = {"text": text} if text is not None else {"blob": base64.b64encode(content).decode()}
    return {"contents": [{"uri": uri, "mimeType": file.media_type, **body}]}


def _resource(uri: str, skill: PublishedSkill, file: PublishedFile, sized: bool) -> dict[str, Any]:
    resource: dict[str, Any] = {"uri": uri, "name": f"{skill.name}/{file.path}", "mimeType": file.media_type}
    if file.path == SKILL_MD:
        resource |= {"name": skill.name, "description": skill.description}
    if sized:
        resource["size"] = file.size
    return resource
