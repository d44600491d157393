"""The invocation log in the admin: read-only, with pages of its own in place of Django's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from .models import Invocation
from .pages import log

PAGES: list[tuple[str, Callable[..., HttpResponseBase], str]] = [
    ("", log.log, "invocations_invocation_changelist"),
    ("follow/", log.follow, "invocations_follow"),
    ("export.<str:kind>", log.export, "invocations_export"),
    ("call/", log.call, "invocations_call"),
]
"""Path, view, and the name after `admin:`."""


@admin.register(Invocation)
class InvocationAdmin(ModelAdmin):
    """Every call, also the failed ones with their reason; from SQL or DynamoDB, whichever holds the log."""

    def get_urls(self) -> list[URLPattern]:
        """The pages of the log, in place of Django's."""
        return [path(pattern, self.admin_site.admin_view(view), name=name) for pattern, view, name in PAGES]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Calls are recorded, not written."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invocation | None = None) -> bool:
        """The log is read-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The log is read-only."""
        return False
