"""The invocation log: read-only, newest first, page after page without ever counting or sorting it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from . import queries
from .events import InvocationEvent
from .forms import LogForm
from .models import Invocation
from .queries import Position

PAGE_SIZE = 50
_AWAY = "The log cannot be read just now: its store does not answer. What is called meanwhile is kept and logged later."


@admin.register(Invocation)
class InvocationAdmin(ModelAdmin):
    """Every call, also the failed ones with their reason; from SQL or DynamoDB, whichever holds the log."""

    def get_urls(self) -> list[URLPattern]:
        """The list and the page of a call, in place of Django's."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.log_view), name="invocations_invocation_changelist"),
            path("call/", view(self.call_view), name="invocations_call"),
        ]

    def log_view(self, request: HttpRequest) -> HttpResponse:
        """A page of the calls that the filter form asks for."""
        self._check(request)
        form = LogForm(request.GET)
        context: dict[str, Any] = {"form": form, "filtered": any(request.GET.get(name) for name in form.fields)}
        if form.is_valid():
            try:
                page = queries.calls(form.wanted(), before=_position(request.GET.get("before", "")), limit=PAGE_SIZE)
                older = request.GET.copy()
                if page.next:
                    older["before"] = _cursor(page.next)
                context |= {"calls": [(call, _address(call)) for call in page.calls]}
                context["older"] = older.urlencode() if page.next else ""
            except (OSError, DatabaseError):
                context["away"] = _AWAY
        return self._page(request, "log", "Calls", context)

    def call_view(self, request: HttpRequest) -> HttpResponse:
        """Everything that was recorded of one call, named by `skill` and `at`."""
        self._check(request)
        position = _position(request.GET.get("at", ""))
        try:
            call = queries.call(request.GET.get("skill", ""), position) if position else None
        except (OSError, DatabaseError):
            return self._page(request, "call", "Call", {"away": _AWAY})
        if call is None:
            raise Http404("There is no such call, or it has expired.")
        return self._page(request, "call", f"{call.method} {call.skill}", {"call": call})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Calls are recorded, not written."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invocation | None = None) -> bool:
        """The log is read-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The log is read-only."""
        return False

    def _check(self, request: HttpRequest) -> None:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> TemplateResponse:
        frame = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        return TemplateResponse(request, f"admin/invocations/{template}.html", {**frame, **context})


def _address(call: InvocationEvent) -> str:
    return urlencode({"skill": call.skill, "at": _cursor(Position(call.invoked_at, call.id))})


def _cursor(position: Position) -> str:
    return f"{position.invoked_at.isoformat()}_{position.id}"


def _position(text: str) -> Position | None:
    """The position that `_cursor` wrote; None for any other text: the log then begins at its newest call."""
    moment, _, identity = text.partition("_")
    try:
        return Position(datetime.fromisoformat(moment).astimezone(UTC), UUID(identity))
    except (ValueError, OverflowError):
        return None
