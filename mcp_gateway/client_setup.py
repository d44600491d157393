"""Commands and configuration that connect a client to the gateway."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

PLACEHOLDER = "TOKEN"
_REQUEST = """curl -s {address} -H "Content-Type: application/json" -H "Accept: application/json"{header} \\
  -d '{{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}'"""


def connection_settings(token: str = "") -> dict[str, Any]:
    """Return the commands and configuration for a token; with a placeholder if one is required but not given."""
    address, needs_token = f"{settings.PUBLIC_URL}/mcp", settings.MCP_REQUIRE_AUTH
    credential = token or (PLACEHOLDER if needs_token else "")
    server: dict[str, Any] = {"type": "http", "url": address}
    if credential:
        server["headers"] = {"Authorization": f"Bearer {credential}"}
    header = f' --header "Authorization: Bearer {credential}"' if credential else ""
    by_hand = f' \\\n  -H "Authorization: Bearer {credential}"' if credential else ""
    return {
        "address": address,
        "needs_token": needs_token and not token,
        "claude": f"claude mcp add --transport http skillkeeper {address}{header}",
        "configuration": json.dumps({"mcpServers": {"skillkeeper": server}}, indent=2),
        "by_hand": _REQUEST.format(address=address, header=by_hand),
    }
