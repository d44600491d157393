"""completion/complete: what may be typed for an argument of a prompt or of a resource template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.invocable import choices, is_prompt
from mcp_gateway.jsonrpc import INVALID_PARAMS, JsonRpcError
from mcp_gateway.matching import best_matches
from mcp_gateway.uris import FILE_TEMPLATE, SKILL_MD_TEMPLATE

VALUES_MAX = 100
"""2026-07-28: server/utilities/completion."""


async def complete(call: Call) -> dict[str, Any]:
    """The best 100 suggestions; none for a reference to something that is not there, as for a word nobody knows."""
    argument, others = _object(call.params, "argument"), _others(call.params)
    name, typed = _text(argument, "argument.name", "name"), _text(argument, "argument.value", "value")
    found = await _suggestions(call, name, typed, others)
    return {"completion": {"values": found[:VALUES_MAX], "total": len(found), "hasMore": len(found) > VALUES_MAX}}


async def _suggestions(call: Call, name: str, typed: str, others: Mapping[str, str]) -> Sequence[str]:
    ref = _object(call.params, "ref")
    match ref.get("type"):
        case "ref/prompt":
            return await _of_prompt(call, _text(ref, "ref.name", "name"), name, typed, others)
        case "ref/resource":
            return await _of_template(call, _text(ref, "ref.uri", "uri"), name, typed, others)
    raise JsonRpcError(INVALID_PARAMS, 'Invalid params: "ref.type" must be "ref/prompt" or "ref/resource"')


async def _of_prompt(call: Call, prompt: str, name: str, typed: str, others: Mapping[str, str]) -> Sequence[str]:
    skill = call.snapshot.skills.get(prompt)
    if skill is not None and is_prompt(skill):
        return choices(skill, name, typed)
    offered = call.snapshot.offers.prompt(prompt)
    return await offered.complete(call, name, typed, others) if offered and offered.complete else []


async def _of_template(call: Call, template: str, name: str, typed: str, others: Mapping[str, str]) -> Sequence[str]:
    skills = call.snapshot.skills
    if template in (SKILL_MD_TEMPLATE, FILE_TEMPLATE) and name == "skill":
        return best_matches(typed, skills)
    if template == FILE_TEMPLATE and name == "path":
        skill = skills.get(others.get("skill", ""))
        return best_matches(typed, (file.path for file in skill.files)) if skill else []
    offered = call.snapshot.offers.template(template)
    return await offered.complete(call, name, typed, others) if offered and offered.complete else []


def _others(params: Mapping[str, Any]) -> dict[str, str]:
    """The values that other arguments have already."""
    context = _object(params, "context") if params.get("context") is not None else {}
    others = _object(context, "arguments") if context.get("arguments") is not None else {}
    return {key: value for key, value in others.items() if isinstance(value, str)}


def _object(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = params.get(name)
    if not isinstance(value, dict):
        raise JsonRpcError(INVALID_PARAMS, f'Invalid params: "{name}" must be an object')
    return value


def _text(params: Mapping[str, Any], path: str, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str):
        raise JsonRpcError(INVALID_PARAMS, f'Invalid params: "{path}" must be a string')
    return value
