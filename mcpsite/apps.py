from __future__ import annotations

from django.apps import AppConfig


class McpsiteConfig(AppConfig):
    name = "mcpsite"
    verbose_name = "Skillkeeper"

    def ready(self) -> None:
        """Register the checks, the tokens with what pages say of a skill that is no longer served, and the trail."""
        from skills_registry.admin import usage_impact  # noqa: PLC0415  # needs the models, as those do

        from . import checks  # noqa: F401, PLC0415
        from .console import access_trail, token_names  # noqa: PLC0415

        access_trail.connect()
        usage_impact.sources.append(token_names.naming)
