"""completion/complete: suggestions for arguments of prompts and resource templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.serving.completion_matches import best_matches
from mcp_gateway.serving.invocable import is_prompt, suggest_values
from mcp_gateway.wire.uris import FILE_TEMPLATE, SKILL_MD_TEMPLATE

VALUES_MAX = 100
"""2026-07-28: server/utilities/completion."""


async def complete(call: Call) -> dict[str, Any]:
    """Return the best 100 suggestions; none for an unknown prompt, template or argument."""
    argument = call.params["argument"]
    found = await _suggestions(call, argument["name"], argument["value"], _other_arguments(call.params))
    return {"completion": {"values": found[:VALUES_MAX], "total": len(found), "hasMore": len(found) > VALUES_MAX}}


async def _suggestions(call: Call, name: str, typed: str, others: Mapping[str, str]) -> Sequence[str]:
    ref = call.params["ref"]
    if ref["type"] == "ref/prompt":
        return await _complete_prompt(call, ref["name"], name, typed, others)
    return await _complete_template(call, ref["uri"], name, typed, others)


async def _complete_prompt(call: Call, prompt: str, name: str, typed: str, others: Mapping[str, str]) -> Sequence[str]:
    skill = call.snapshot.skills.get(prompt)
    if skill is not None and is_prompt(skill):
        return suggest_values(skill, name, typed)
    offered = call.snapshot.offers.prompt(prompt)
    return await offered.complete(call, name, typed, others) if offered and offered.complete else []


async def _complete_template(
    call: Call, template: str, name: str, typed: str, others: Mapping[str, str]
) -> Sequence[str]:
    skills = call.snapshot.skills
    if template in (SKILL_MD_TEMPLATE, FILE_TEMPLATE) and name == "skill":
        return best_matches(typed, skills)
    if template == FILE_TEMPLATE and name == "path":
        skill = skills.get(others.get("skill", ""))
        return best_matches(typed, (file.path for file in skill.files)) if skill else []
    offered = call.snapshot.offers.template(template)
    return await offered.complete(call, name, typed, others) if offered and offered.complete else []


def _other_arguments(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of arguments given so far. `context` is not checked in revisions that don't define it."""
    context = params.get("context")
    others = context.get("arguments") if isinstance(context, dict) else None
    given = others.items() if isinstance(others, dict) else ()
    return {key: value for key, value in given if isinstance(value, str)}
