"""resources/list and resources/read: every file of every skill, byte for byte."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.catalog import Snapshot
from mcp_gateway.jsonrpc import INVALID_PARAMS, RESOURCE_NOT_FOUND, JsonRpcError
from mcp_gateway.paging import Listing
from mcp_gateway.uris import SKILL_MD
from skills_registry.catalog import PublishedFile, PublishedSkill, text_of

PAGE_SIZE = 1000


async def list_resources(call: Call) -> dict[str, Any]:
    """In order of URI."""
    listing = call.snapshot.once("resources", lambda: Listing.of("resources", _resources(call.snapshot)))
    return listing.page(call.params, size=PAGE_SIZE)


async def read_resource(call: Call) -> dict[str, Any]:
    """One file, unchanged: as text where it is UTF-8, else as base64, so that its digest can be verified."""
    uri = call.text("uri")
    entry = call.snapshot.files.get(uri)
    if entry is None:
        code = INVALID_PARAMS if call.era.modern else RESOURCE_NOT_FOUND
        raise JsonRpcError(code, f"Resource not found: {uri:.200}", {"uri": uri})
    skill, file = entry
    content = await call.catalog.read(skill, file)
    text = text_of(content)
    body = {"text": text} if text is not None else {"blob": base64.b64encode(content).decode()}
    return {"contents": [{"uri": uri, "mimeType": file.media_type, **body}]}


def _resources(snapshot: Snapshot) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((uri, _resource(uri, skill, file)) for uri, (skill, file) in snapshot.files.items())


def _resource(uri: str, skill: PublishedSkill, file: PublishedFile) -> dict[str, Any]:
    naming = (
        {"name": skill.name, "description": skill.description}
        if file.path == SKILL_MD
        else {"name": f"{skill.name}/{file.path}"}
    )
    return {"uri": uri, **naming, "mimeType": file.media_type, "size": file.size}
