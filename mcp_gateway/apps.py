from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from skills_registry.catalog import catalog_changed

from . import checks, replica_messages  # noqa: F401  # registers the checks
from .signals import resource_updated, tokens_changed


class McpGatewayConfig(AppConfig):
    name = "mcp_gateway"
    verbose_name = _("Access")

    def ready(self) -> None:
        """Register system checks, and announce changes to the replicas, including those made by commands."""
        from .auth import change_signals  # noqa: PLC0415  # needs the models
        from .auth import checks as checks_of_access  # noqa: F401, PLC0415  # registers the checks; needs the models

        change_signals.connect()

        for signal in (catalog_changed, tokens_changed):
            signal.connect(replica_messages.announce_change, dispatch_uid="mcp_gateway.replica_messages")
        resource_updated.connect(replica_messages.announce_resource_update, dispatch_uid="mcp_gateway.replica_messages")
