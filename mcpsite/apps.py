from __future__ import annotations

from django.apps import AppConfig


class McpsiteConfig(AppConfig):
    name = "mcpsite"
    verbose_name = "Skillkeeper"

    def ready(self) -> None:
        """Register system checks, audit signals, and the token part of a skill's usage impact."""
        from skills_registry.admin import usage_impact  # noqa: PLC0415  # needs the models to be loaded

        from . import checks  # noqa: F401, PLC0415
        from .console import access_trail, token_names  # noqa: PLC0415

        access_trail.connect()
        usage_impact.sources.append(token_names.describe_tokens)
