"""resources/*: every file of every skill, unchanged, with folders and resource templates."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.catalog import Snapshot
from mcp_gateway.serving.invocable import title
from mcp_gateway.wire.eras import Era, fitting
from mcp_gateway.wire.jsonrpc import INVALID_PARAMS, RESOURCE_NOT_FOUND, JsonRpcError
from mcp_gateway.wire.large_texts import LARGE, body_of
from mcp_gateway.wire.paging import Listing
from mcp_gateway.wire.uris import (
    FILE_TEMPLATE,
    SKILL_MD,
    SKILL_MD_TEMPLATE,
    canonical_uri,
    directory_skill,
    file_uri,
    path_of,
)
from skills_registry.catalog import PublishedFile, PublishedSkill, decode_text

PAGE_SIZE = 1000

_SKILL_TEMPLATES: tuple[dict[str, Any], ...] = (
    {
        "uriTemplate": SKILL_MD_TEMPLATE,
        "name": "skill",
        "title": "Instructions of a skill",
        "description": "The SKILL.md of the skill with this name.",
        "mimeType": "text/markdown",
    },
    {
        "uriTemplate": FILE_TEMPLATE,
        "name": "skill-file",
        "title": "File of a skill",
        "description": "A file of the skill with this name, by its path in the skill.",
    },
)


async def list_resources(call: Call) -> dict[str, Any]:
    """List the resources by URI."""
    snapshot, era = call.snapshot, call.era
    listing = snapshot.get_or_build(
        ("resources", era.lists), lambda: Listing.of("resources", _resources(snapshot, era))
    )
    return listing.page(call.params, size=PAGE_SIZE)


async def list_templates(call: Call) -> dict[str, Any]:
    """List the resource templates by URI template."""
    snapshot, era = call.snapshot, call.era
    listing = snapshot.get_or_build(
        ("templates", era.lists), lambda: Listing.of("resourceTemplates", _templates(snapshot, era))
    )
    return listing.page(call.params, size=PAGE_SIZE)


async def read_resource(call: Call) -> dict[str, Any]:
    """Return one file unchanged, as text if it is UTF-8 and as base64 otherwise, so that clients can verify it."""
    uri = call.text("uri")
    entry = call.snapshot.file_at(uri)
    if entry is None and (read := call.snapshot.offers.reader(uri)) is not None:
        return await read(call)
    if entry is None:
        code = INVALID_PARAMS if call.era.modern else RESOURCE_NOT_FOUND
        raise JsonRpcError(code, f"Resource not found: {uri:.200}", {"uri": uri})
    skill, file = entry
    return {"contents": [await contents_of(call, skill, file)]}


async def contents_of(call: Call, skill: PublishedSkill, file: PublishedFile) -> dict[str, Any]:
    """Return a file as an item of `contents`."""
    content = await call.catalog.read(skill, file)
    body = _body(content) if len(content) < LARGE else await body_of(content)
    return {"uri": file_uri(skill.name, file.path), "mimeType": file.media_type, **body}


def file_meta(file: PublishedFile) -> dict[str, Any]:
    """Return the `_meta` of a file; it marks executables."""
    return {"_meta": {"io.modelcontextprotocol.skills/executable": True}} if file.executable else {}


def _body(content: bytes) -> dict[str, Any]:
    text = decode_text(content)
    return {"text": text} if text is not None else {"blob": base64.b64encode(content).decode()}


async def read_directory(call: Call) -> dict[str, Any]:
    """List the direct children of a skill's root or a folder in it (Skills extension, "Reading Directories")."""
    uri = call.text("uri")
    folder = canonical_uri(uri)
    children = dict(_children(call.snapshot, folder))
    if not children:
        raise JsonRpcError(INVALID_PARAMS, f"Not a directory: {uri:.200}", {"uri": uri})
    entries = ((child, fitting.fit_resource(call.era, resource)) for child, resource in children.items())
    return Listing.of("resources", entries, part=folder).page(call.params, size=PAGE_SIZE)


def _children(snapshot: Snapshot, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the files and folders in a folder by their URIs; nothing if the folder doesn't exist."""
    skill = snapshot.skills.get(directory_skill(folder))
    if skill is None:
        return
    for file in skill.files:
        address = file_uri(skill.name, file.path)
        if canonical_uri(address).startswith(f"{folder}/"):
            child = "/".join(address.split("/")[: folder.count("/") + 2])
            yield child, _resource(child, skill, file) if child == address else _folder(child)


def _folder(uri: str) -> dict[str, Any]:
    return {"uri": uri, "name": path_of(uri), "mimeType": "inode/directory"}


def _resources(snapshot: Snapshot, era: Era) -> Iterator[tuple[str, dict[str, Any]]]:
    for uri, (skill, file) in snapshot.files.items():
        yield uri, fitting.fit_resource(era, _resource(uri, skill, file))
    for resource in snapshot.offers.resources:
        yield resource.uri, fitting.fit_resource(era, resource.definition)


def _resource(uri: str, skill: PublishedSkill, file: PublishedFile) -> dict[str, Any]:
    """Return a file's list entry, with the annotations that the Skills extension recommends."""
    is_main = file.path == SKILL_MD
    naming = (
        {"name": skill.name, "title": title(skill), "description": skill.description}
        if is_main
        else {"name": f"{skill.name}/{file.path}"}
    )
    annotations: dict[str, Any] = {"audience": ["assistant"], "priority": 0.8 if is_main else 0.3}
    if skill.published_at:
        annotations["lastModified"] = skill.published_at
    return {
        "uri": uri,
        **naming,
        "mimeType": file.media_type,
        "size": file.size,
        "annotations": annotations,
    } | file_meta(file)


def _templates(snapshot: Snapshot, era: Era) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in (*_SKILL_TEMPLATES, *(offered.definition for offered in snapshot.offers.templates)):
        yield template["uriTemplate"], fitting.fit_resource(era, template)
