"""prompts/list and prompts/get: every skill that users may call is a prompt (a slash command in many clients)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.catalog import Snapshot
from mcp_gateway.invocable import BadArgument, argument_descriptions, invoke, is_prompt
from mcp_gateway.jsonrpc import INVALID_PARAMS, JsonRpcError
from mcp_gateway.paging import Listing
from skills_registry.catalog import PublishedSkill

PAGE_SIZE = 1000


async def list_prompts(call: Call) -> dict[str, Any]:
    """In order of name."""
    listing = call.snapshot.once("prompts", lambda: Listing.of("prompts", _prompts(call.snapshot)))
    return listing.page(call.params, size=PAGE_SIZE)


async def get_prompt(call: Call) -> dict[str, Any]:
    """The skill's instructions as a message of the user."""
    name = call.text("name")
    skill = call.snapshot.skills.get(name)
    if skill is None or not is_prompt(skill):
        raise JsonRpcError(INVALID_PARAMS, f"Unknown prompt: {name:.100}")
    try:
        text = await invoke(call, skill)
    except BadArgument as error:
        raise JsonRpcError(INVALID_PARAMS, str(error)) from None
    return {
        "description": skill.description,
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
    }


def _prompts(snapshot: Snapshot) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((skill.name, _prompt(skill)) for skill in snapshot.skills.values() if is_prompt(skill))


def _prompt(skill: PublishedSkill) -> dict[str, Any]:
    arguments = [
        {"name": name, "description": about, "required": False} for name, about in argument_descriptions(skill).items()
    ]
    return {"name": skill.name, "description": skill.description, "arguments": arguments}
