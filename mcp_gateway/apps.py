from __future__ import annotations

from django.apps import AppConfig

from skills_registry.catalog import catalog_changed

from . import checks, nudges  # noqa: F401  # registers the checks


class McpGatewayConfig(AppConfig):
    name = "mcp_gateway"
    verbose_name = "Access"

    def ready(self) -> None:
        """See that replicas are told of changes, also of those that a command makes."""
        catalog_changed.connect(nudges.tell, dispatch_uid="mcp_gateway.nudges")
