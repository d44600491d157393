"""MCP methods by era, with one module per family."""

from __future__ import annotations

from mcp_gateway.call import Method
from mcp_gateway.providers import Offers
from mcp_gateway.wire.eras import Era

from . import completion, discovery, prompts, resources, skills, subscriptions, tools

_BOTH: dict[str, Method] = {
    "tools/list": tools.list_tools,
    "tools/call": tools.call_tool,
    "prompts/list": prompts.list_prompts,
    "prompts/get": prompts.get_prompt,
    "resources/list": resources.list_resources,
    "resources/templates/list": resources.list_templates,
    "resources/read": resources.read_resource,
    "resources/directory/read": resources.read_directory,
    "completion/complete": completion.complete,
    "skills/list": skills.list_skills,
    "skills/get": skills.get_skill,
}
_MODERN: dict[str, Method] = {
    **_BOTH,
    "server/discover": discovery.discover,
    "subscriptions/listen": subscriptions.listen,
}
_LEGACY: dict[str, Method] = {
    **_BOTH,
    "initialize": discovery.initialize,
    "ping": discovery.ping,
    "logging/setLevel": discovery.set_log_level,
}


def find(name: str, era: Era, offers: Offers) -> Method | None:
    """Return the method with this name in this era; `logging/setLevel` only if a provider sends log messages."""
    if name == "logging/setLevel" and not offers.logging:
        return None
    return (_MODERN if era.modern else _LEGACY).get(name)
