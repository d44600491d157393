"""Error responses outside of views: JSON for API clients, pages for browsers.

A failing database or disk is 503 with `Retry-After`, whether it fails in a view, in the session
or while rendering. These responses query the database only to check for missing migrations.
"""

from __future__ import annotations

import sys
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _
from django.views import defaults

from mcpsite.schema import explain_old_schema

from .outages import RETRY_SECONDS, explain_outage

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 400."""
    if answer := _outage_response(request, exception):  # Django reports a session that cannot be saved as a bad request
        return answer
    return _json(400, "The request is not valid.") if _wants_json(request) else defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 403: the account lacks a permission."""
    if _wants_json(request):
        return _json(403, "You may not do this.")
    if not _uses_admin(request):
        return defaults.permission_denied(request, exception)
    text = _("You don't have permission to do this. Ask an administrator for a role that includes it.")
    return _render_error(request, 403, _("Not allowed"), text, "lock")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 404."""
    if _wants_json(request):
        return _json(404, f"There is nothing at {request.path}.")
    if not _uses_admin(request):
        return defaults.page_not_found(request, exception)
    text = _("This page does not exist or has been removed.")
    return _render_error(request, 404, _("Not found"), text, "search_off")


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 if the database or the disk failed, else 500; Django logs the error."""
    if answer := _outage_response(request, sys.exception()):
        return answer
    detail = "Something went wrong here; the log has the details under the X-Request-ID of this answer."
    return _json(500, detail) if _wants_json(request) else defaults.server_error(request)


def service_unavailable(request: HttpRequest) -> HttpResponse:
    """Return 503: a dependency is down or too slow."""
    return unavailable(request, _("A service that this page needs is not responding."))


def unavailable(request: HttpRequest, text: str) -> HttpResponse:
    """Return 503 with an explanation and `Retry-After`."""
    if _wants_json(request):
        answer: HttpResponse = _json(503, text)
    else:
        answer = HttpResponse(render_to_string("503.html", {"text": text}), status=503)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _outage_response(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    # The failure may have happened before LocaleMiddleware chose the language.
    with override(get_language_from_request(request)):
        text = explain_outage(error) or explain_old_schema(error)
        return unavailable(request, text) if text else None


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(API) or request.headers.get("accept") == "application/json"


def _uses_admin(request: HttpRequest) -> bool:
    """Whether the user is signed in and may see the admin's layout."""
    return hasattr(request, "user") and admin.site.has_permission(request)


def _render_error(request: HttpRequest, status: int, title: str, text: str, icon: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "text": text, "icon": icon}
    return render(request, "admin/error.html", context, status=status)


def _json(status: int, detail: Any) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
