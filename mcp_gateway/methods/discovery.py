"""server/discover, initialize, ping: what this server is and can do."""

from __future__ import annotations

from typing import Any

from mcp_gateway.call import Call
from mcp_gateway.eras import modern
from mcp_gateway.server_info import SERVER_INFO

CAPABILITIES: dict[str, Any] = {
    "tools": {},
    "prompts": {},
    "resources": {},
    "extensions": {"io.modelcontextprotocol/skills": {}},
}
INSTRUCTIONS = (
    "This server holds Agent Skills: instructions, scripts and references for particular kinds of work. "
    "Each skill is a tool; call it when its description fits the task, then follow the instructions it "
    "returns. The files that they mention are resources below skill://<skill name>/."
)


async def discover(call: Call) -> dict[str, Any]:
    """2026-07-28: server/discover; only modern versions are named, others would be asked for in modern style."""
    return {
        "supportedVersions": list(modern.SUPPORTED_VERSIONS),
        "capabilities": CAPABILITIES,
        "instructions": INSTRUCTIONS,
    }


async def initialize(call: Call) -> dict[str, Any]:
    """2025-11-25: lifecycle; the version was negotiated when the era was chosen."""
    return {
        "protocolVersion": call.era.version,
        "capabilities": CAPABILITIES,
        "serverInfo": SERVER_INFO,
        "instructions": INSTRUCTIONS,
    }


async def ping(call: Call) -> dict[str, Any]:
    """2025-11-25: utilities/ping."""
    return {}
