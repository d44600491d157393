from __future__ import annotations

from django.apps import AppConfig


class McpsiteConfig(AppConfig):
    name = "mcpsite"
    verbose_name = "Skillkeeper"

    def ready(self) -> None:
        """Register the checks, the tokens with what pages say of a skill that is no longer served, and the trail."""
        from skills_registry.admin import impact  # noqa: PLC0415  # needs the models, as those do

        from . import access_trail, checks, naming_tokens  # noqa: F401, PLC0415

        access_trail.connect()
        impact.sources.append(naming_tokens.naming)
