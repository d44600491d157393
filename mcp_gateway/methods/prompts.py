"""prompts/list and prompts/get: every user-invocable skill is a prompt (a slash command in many clients)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.catalog import Snapshot
from mcp_gateway.serving.invocable import BadArgument, argument_descriptions, invoke, is_prompt, title
from mcp_gateway.wire.eras import Era, fitting
from mcp_gateway.wire.jsonrpc import INVALID_PARAMS, JsonRpcError
from mcp_gateway.wire.large_texts import json_of
from mcp_gateway.wire.paging import Listing
from skills_registry.catalog import PublishedSkill

PAGE_SIZE = 1000


async def list_prompts(call: Call) -> dict[str, Any]:
    """List the prompts by name."""
    snapshot, era = call.snapshot, call.era
    listing = snapshot.get_or_build(("prompts", era.lists), lambda: Listing.of("prompts", _prompts(snapshot, era)))
    return listing.page(call.params, size=PAGE_SIZE)


async def get_prompt(call: Call) -> dict[str, Any]:
    """Return the skill's instructions as a user message."""
    name = call.text("name")
    skill = call.snapshot.skills.get(name)
    if skill is None or not is_prompt(skill):
        return await _get_provider_prompt(call, name)
    try:
        text = await json_of(await invoke(call, skill))
    except BadArgument as error:
        raise JsonRpcError(INVALID_PARAMS, str(error)) from None
    return {
        "description": skill.description,
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
    }


async def _get_provider_prompt(call: Call, name: str) -> dict[str, Any]:
    prompt = call.snapshot.offers.prompt(name)
    if prompt is None:
        raise JsonRpcError(INVALID_PARAMS, f"Unknown prompt: {name:.100}")
    return fitting.fit_prompt_result(call.era, await prompt.get(call))


def _prompts(snapshot: Snapshot, era: Era) -> Iterator[tuple[str, dict[str, Any]]]:
    for skill in snapshot.skills.values():
        if is_prompt(skill):
            yield skill.name, fitting.fit_prompt(era, definition(skill))
    for prompt in snapshot.offers.prompts:
        yield prompt.name, fitting.fit_prompt(era, prompt.definition)


def definition(skill: PublishedSkill) -> dict[str, Any]:
    """Return a skill's entry in `prompts/list`."""
    arguments = [
        {"name": name, "description": about, "required": False} for name, about in argument_descriptions(skill).items()
    ]
    return {"name": skill.name, "title": title(skill), "description": skill.description, "arguments": arguments}
