"""System checks for the gateway's settings."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from . import providers


@checks.register()
def check_providers(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that every function in `MCP_PROVIDERS` can be imported and returns valid offers."""
    try:
        providers.current()
    except (ImportError, ImproperlyConfigured, AttributeError, KeyError, TypeError, ValueError) as error:
        return [
            checks.Error(
                f"MCP_PROVIDERS cannot be served: {error!r}",
                hint="Name functions that return mcp_gateway.providers.Offers; see docs/mcp.md.",
                id="mcp_gateway.E001",
            )
        ]
    return []
