"""server/discover, initialize, ping, logging/setLevel: handshakes, capabilities and instructions."""

from __future__ import annotations

from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.log_levels import log_levels
from mcp_gateway.server_info import SERVER_INFO
from mcp_gateway.tool_names import LOAD_SKILL, READ_SKILL_FILE, SEARCH_SKILLS
from mcp_gateway.wire.eras import modern

from .search_tools import are_search_tools_listed

_INTRODUCTION = "This server holds Agent Skills: instructions, scripts and references for particular kinds of work. "
_USE_TOOLS = (
    "Each skill is a tool; call it when its description fits the task, then follow the instructions it "
    "returns. The files they mention are resources under skill://<skill name>/."
)
_USE_SEARCH = (
    f"Before a task that a skill might cover, call {SEARCH_SKILLS}; load the one that fits with {LOAD_SKILL} "
    f"and follow its instructions. {READ_SKILL_FILE} gets the files they mention."
)


def instructions(call: Call) -> str:
    """Return the instructions for models that use this server."""
    return _INTRODUCTION + (_USE_SEARCH if are_search_tools_listed(call.snapshot) else _USE_TOOLS)


def capabilities(call: Call) -> dict[str, Any]:
    """Return the capabilities declared to clients of this revision."""
    served: dict[str, Any] = {
        "tools": {"listChanged": True},
        "prompts": {"listChanged": True},
        "resources": {"listChanged": True, "subscribe": True} if call.era.modern else {"listChanged": True},
        "extensions": {"io.modelcontextprotocol/skills": {"directoryRead": True}},
    }
    if call.era.has_completions:
        served["completions"] = {}
    if call.snapshot.offers.logging:
        served["logging"] = {}
    return served


async def discover(call: Call) -> dict[str, Any]:
    """2026-07-28: server/discover. Names only modern versions; clients would send legacy ones in modern style."""
    return {
        "supportedVersions": list(modern.SUPPORTED_VERSIONS),
        "capabilities": capabilities(call),
        "instructions": instructions(call),
    }


async def initialize(call: Call) -> dict[str, Any]:
    """2025-11-25: lifecycle. The version was negotiated when the era was selected."""
    return {
        "protocolVersion": call.era.version,
        "capabilities": capabilities(call),
        "serverInfo": SERVER_INFO,
        "instructions": instructions(call),
    }


async def ping(call: Call) -> dict[str, Any]:
    """2025-11-25: utilities/ping."""
    return {}


async def set_log_level(call: Call) -> dict[str, Any]:
    """2025-11-25: server/utilities/logging."""
    log_levels.set(call.sender.session.id, call.text("level"))
    return {}
