"""The invocation log in the admin: read-only custom pages instead of Django's changelist."""

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
"""URL pattern, view, and URL name in the `admin:` namespace."""


@admin.register(Invocation)
class InvocationAdmin(ModelAdmin):
    """All recorded calls, successful and failed, read from SQL or DynamoDB."""

    def get_urls(self) -> list[URLPattern]:
        """Return the log's own URLs; Django's default ones are not registered."""
        return [path(pattern, self.admin_site.admin_view(view), name=name) for pattern, view, name in PAGES]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Always False: only the recorder adds calls."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invocation | None = None) -> bool:
        """Always False: the log is read-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Always False: the log is read-only."""
        return False
