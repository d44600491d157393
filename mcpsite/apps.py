from __future__ import annotations

from django.apps import AppConfig


class McpsiteConfig(AppConfig):
    name = "mcpsite"
    verbose_name = "Skillkeeper"

    def ready(self) -> None:
        from . import checks  # noqa: F401, PLC0415  # registers the checks
