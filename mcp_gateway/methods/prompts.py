"""prompts/list and prompts/get: every skill that users may call is a prompt (a slash command in many clients)."""

from __future__ import annotations

from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.invocable import BadArgument, argument_descriptions, invoke, is_prompt
from mcp_gateway.jsonrpc import INVALID_PARAMS, JsonRpcError
from mcp_gateway.paging import page_of
from skills_registry.catalog import PublishedSkill

PAGE_SIZE = 1000


async def list_prompts(call: Call) -> dict[str, Any]:
    """In order of name."""
    skills = [skill for skill in call.snapshot.skills.values() if is_prompt(skill)]
    entries = call.snapshot.once("prompts", lambda: [_prompt(skill) for skill in skills])
    return page_of([skill.name for skill in skills], entries, call.params, name="prompts", size=PAGE_SIZE)


async def get_prompt(call: Call) -> dict[str, Any]:
    """The skill's instructions as a message of the user."""
    skill = call.snapshot.skills.get(call.text("name"))
    if skill is None or not is_prompt(skill):
        raise JsonRpcError(INVALID_PARAMS, f"Unknown prompt: {call.params['name']}")
    arguments = call.params.get("arguments")
    if not isinstance(arguments, dict | None):
        raise JsonRpcError(INVALID_PARAMS, 'Invalid params: "arguments" must be an object')
    try:
        text = await invoke(call, skill, arguments or {})
    except BadArgument as error:
        raise JsonRpcError(INVALID_PARAMS, str(error)) from None
    return {
        "description": skill.description,
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
    }


def _prompt(skill: PublishedSkill) -> dict[str, Any]:
    arguments = [
        {"name": name, "description": about, "required": False} for name, about in argument_descriptions(skill).items()
    ]
    return {"name": skill.name, "description": skill.description, "arguments": arguments}
