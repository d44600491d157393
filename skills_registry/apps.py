from __future__ import annotations

from django.apps import AppConfig


class SkillsRegistryConfig(AppConfig):
    name = "skills_registry"
    verbose_name = "Skills"

    def ready(self) -> None:
        from . import checks  # noqa: F401, PLC0415  # registers the checks
