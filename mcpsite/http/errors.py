"""Failures outside of any view: JSON where programs ask, and pages elsewhere.

A database or a disk that fails is 503 with `Retry-After`, wherever it is noticed: in a view, in the session
or when the page is made. No answer here asks the database, but to find out whether its tables are too old.
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
    """400: not a request that a browser or client makes by itself."""
    if answer := _outage(request, exception):  # Django takes a session that cannot be saved for a bad request
        return answer
    return (
        _json(400, "The request is not valid.") if _for_programs(request) else defaults.bad_request(request, exception)
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the account lacks a right."""
    if _for_programs(request):
        return _json(403, "You may not do this.")
    if not _uses_admin(request):
        return defaults.permission_denied(request, exception)
    text = _("You don't have permission to do this. Ask an administrator for a role that includes it.")
    return _framed(request, 403, _("Not allowed"), text, "lock")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: no such path, or nothing there."""
    if _for_programs(request):
        return _json(404, f"There is nothing at {request.path}.")
    if not _uses_admin(request):
        return defaults.page_not_found(request, exception)
    text = _("This page does not exist or has been removed.")
    return _framed(request, 404, _("Not found"), text, "search_off")


def server_error(request: HttpRequest) -> HttpResponse:
    """503 where the database or the disk has failed; 500 otherwise, with what it was in the log."""
    if answer := _outage(request, sys.exception()):
        return answer
    detail = "Something went wrong here; the log has the details under the X-Request-ID of this answer."
    return _json(500, detail) if _for_programs(request) else defaults.server_error(request)


def service_unavailable(request: HttpRequest) -> HttpResponse:
    """503: something that is needed is away, or does not answer in time."""
    return unavailable(request, _("A service that this page needs is not responding."))


def unavailable(request: HttpRequest, text: str) -> HttpResponse:
    """503: what is missing, and when to try again."""
    if _for_programs(request):
        answer: HttpResponse = _json(503, text)
    else:
        answer = HttpResponse(render_to_string("503.html", {"text": text}), status=503)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _outage(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    # The failure may have come before the language of the request was chosen.
    with override(get_language_from_request(request)):
        text = explain_outage(error) or explain_old_schema(error)
        return unavailable(request, text) if text else None


def _for_programs(request: HttpRequest) -> bool:
    return request.path.startswith(API) or request.headers.get("accept") == "application/json"


def _uses_admin(request: HttpRequest) -> bool:
    """Whether somebody asks who is signed in and sees the admin's frame."""
    return hasattr(request, "user") and admin.site.has_permission(request)


def _framed(request: HttpRequest, status: int, title: str, text: str, icon: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "text": text, "icon": icon}
    return render(request, "admin/error.html", context, status=status)


def _json(status: int, detail: Any) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
