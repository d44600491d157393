"""skills/list and skills/get: the extension io.modelcontextprotocol/skills."""

from __future__ import annotations

from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.wire.jsonrpc import INVALID_PARAMS, JsonRpcError, pre_encode_exactly
from mcp_gateway.wire.paging import Listing
from mcp_gateway.wire.uris import file_uri, skill_md_uri, skill_of
from skills_registry.catalog import PublishedSkill

PAGE_SIZE = 100


async def list_skills(call: Call) -> dict[str, Any]:
    """List all skills by name, including those that are neither tool nor prompt."""
    skills = call.snapshot.skills
    listing = call.snapshot.get_or_build(
        "skills", lambda: Listing.of("skills", ((name, _entry(skill)) for name, skill in skills.items()))
    )
    return listing.page(call.params, size=PAGE_SIZE)


async def get_skill(call: Call) -> dict[str, Any]:
    """Return one skill by the URI of its SKILL.md."""
    uri = call.text("uri")
    skill = call.snapshot.skills.get(skill_of(uri))
    if skill is None:
        raise JsonRpcError(INVALID_PARAMS, f"Unknown skill: {uri:.200}", {"uri": uri})
    return {"skill": _entry(skill)}


def _entry(skill: PublishedSkill) -> dict[str, Any]:
    """Return the verbatim frontmatter and the complete file manifest (Skills extension, "Skill entries")."""
    return {
        "uri": skill_md_uri(skill.name),
        "frontmatter": pre_encode_exactly(skill.frontmatter),
        "resources": [
            {"uri": file_uri(skill.name, file.path), "digest": f"sha256:{file.sha256}", "size": file.size}
            for file in skill.files
        ],
    }
