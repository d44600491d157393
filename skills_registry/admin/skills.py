"""Register skills with Django's admin and replace its pages with those of the registry."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from skills_registry.models import Skill

from . import skill_list, skill_page
from .pages import OperatorRequest
from .urls import KEPT_BY_BROWSERS, PAGES


@admin.register(Skill)
class SkillAdmin(ModelAdmin):
    """Skills are created by upload and changed by operations; no model form edits them."""

    def get_urls(self) -> list[URLPattern]:
        """The registry's pages before those of Django's admin."""
        wrap = self.admin_site.admin_view
        pages = [
            path(pattern, wrap(view, cacheable=name in KEPT_BY_BROWSERS), name=f"skills_registry_{name}")
            for pattern, view, name in PAGES
        ]
        return [*pages, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the registry's own list."""
        del extra_context
        return skill_list.skill_list(cast("OperatorRequest", request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the skill's page instead of a form."""
        del form_url, extra_context
        pk = int(object_id) if object_id.isdecimal() and len(object_id) < 20 else 0
        return skill_page.overview(cast("OperatorRequest", request), pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: skills are created by upload."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Skill | None = None) -> bool:
        """No: skills are changed by operations."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Skill | None = None) -> bool:
        """No: `services.delete_skill` hides a skill and keeps its history."""
        return False
