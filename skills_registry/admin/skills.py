"""The list of skills, and the way to their pages."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from invocations import queries
from skills_registry.models import Skill, SkillQuerySet

from . import skill_page
from .addresses import PAGES
from .pages import OperatorRequest


class SkillChangeList(ChangeList):
    """A page of skills with their call counts, read in one query for the whole page."""

    def get_results(self, request: HttpRequest) -> None:
        """The page's skills, each with its `totals`."""
        super().get_results(request)
        totals = queries.totals(skill.name for skill in self.result_list)
        for skill in self.result_list:
            skill.totals = totals[skill.name]


class StatusFilter(admin.SimpleListFilter):
    """By what agents get of a skill."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states; deleted skills are in the list only by this filter."""
        return [(str(value), str(label)) for value, label in Skill.Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Skill]) -> QuerySet[Skill]:
        """The skills in the chosen state."""
        return queryset.filter(Q(status=self.value()) if self.value() else Q(deleted_at__isnull=True))


@admin.register(Skill)
class SkillAdmin(ModelAdmin):
    """Skills come in by upload and change by publishing; nothing is edited in place."""

    change_list_template = "admin/skills_registry/skill_list.html"
    list_display = ["name", "status_label", "live", "latest", "calls", "last_call"]
    list_filter = [StatusFilter]
    search_fields = ["name"]
    sortable_by = ["name"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> SkillQuerySet:
        """All skills with status and versions."""
        return Skill.objects.with_summary()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows call counts."""
        return SkillChangeList

    def get_urls(self) -> list[URLPattern]:
        """The registry's pages before those of Django's admin."""
        pages = [
            path(pattern, self.admin_site.admin_view(view), name=f"skills_registry_{name}")
            for pattern, view, name in PAGES
        ]
        return [*pages, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The skill's own page instead of a form."""
        del form_url, extra_context
        return skill_page.overview(cast("OperatorRequest", request), int(object_id) if object_id.isdecimal() else 0)

    @admin.display(description="status")
    def status_label(self, skill: Skill) -> str:
        """Active, inactive or draft; and whether the last change has not reached the store yet."""
        states = [skill.status, *(["pending"] if skill.projected_generation != skill.generation else [])]
        return format_html_join(
            " ", "{}", ((render_to_string("components/status.html", {"status": state}),) for state in states)
        )

    @admin.display(description="live", empty_value="-")
    def live(self, skill: Skill) -> str | None:
        """What agents get."""
        return skill.live_version.label if skill.live_version else None

    @admin.display(description="latest", empty_value="-")
    def latest(self, skill: Skill) -> str | None:
        """The newest version, live or waiting."""
        return f"v{skill.latest_number}" if skill.latest_number else None

    @admin.display(description="calls", empty_value="?")
    def calls(self, skill: Any) -> int | None:
        """How often it was called, ever; unknown while the log's store is away."""
        return skill.totals.calls if skill.totals else None

    @admin.display(description="last call", empty_value="-")
    def last_call(self, skill: Any) -> Any:
        """When it was called last."""
        return skill.totals.last_call if skill.totals else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Skills come in by upload."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Skill | None = None) -> bool:
        """Skills change by publishing."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Skill | None = None) -> bool:
        """History stays."""
        return False
