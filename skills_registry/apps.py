from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SkillsRegistryConfig(AppConfig):
    name = "skills_registry"
    verbose_name = _("Skills")

    def ready(self) -> None:
        from . import checks  # noqa: F401, PLC0415  # registers the checks
