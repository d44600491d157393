"""The invocation log: read-only, newest first, and never counted or sorted to its end."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from .models import Invocation

COUNTED_ROWS = 5_000
METHODS = ("tools/call", "prompts/get", "skills/get", "resources/read")
"""The methods that are recorded."""


class BoundedPaginator(Paginator):
    """Pages over the newest rows; counts no further than that, since the log has no end."""

    def __init__(self, object_list: QuerySet[Invocation], *args: Any, **kwargs: Any) -> None:
        super().__init__(object_list, *args, **kwargs)
        self.log = object_list

    @cached_property
    def count(self) -> int:
        """The number of rows, or COUNTED_ROWS where there are more."""
        return self.log[:COUNTED_ROWS].count()


class NewestFirst(ChangeList):
    """The log in its one order, whatever the address asks for: another one would sort all of it."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Newest first; the id decides between calls of the same moment."""
        return ["-invoked_at", "-id"]


class MethodFilter(admin.SimpleListFilter):
    """By method; the choices are fixed, since to find them would be to read the whole log."""

    title = "method"
    parameter_name = "method"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All that are recorded."""
        return [(method, method) for method in METHODS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The calls of the chosen method."""
        return queryset.filter(method=self.value()) if self.value() else queryset


@admin.register(Invocation)
class InvocationAdmin(admin.ModelAdmin):
    """Every call, also the failed ones with their reason."""

    list_display = [
        "invoked_at",
        "skill",
        "version_label",
        "method",
        "status",
        "duration",
        "client",
        "caller",
        "error_message",
    ]
    list_filter = ["status", MethodFilter]
    search_fields = ["skill__exact"]
    search_help_text = "Name of a skill"
    paginator = BoundedPaginator
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    list_per_page = 50
    actions = None

    @admin.display(description="version", empty_value="-")
    def version_label(self, call: Invocation) -> str | None:
        """`v3`, or nothing where no such skill was live."""
        return f"v{call.version}" if call.version else None

    @admin.display(description="duration")
    def duration(self, call: Invocation) -> str:
        """Milliseconds to the answer."""
        return f"{call.duration_ms:.1f} ms"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list in its one order."""
        return NewestFirst

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Calls are recorded, not written."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invocation | None = None) -> bool:
        """The log is read-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The log is read-only."""
        return False
